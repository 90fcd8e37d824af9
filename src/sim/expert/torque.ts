import { InputError } from "../../errors.js";

/** A torque clipped to its limits, N·m, [J]. Throws InputError that names the joint where a number is missing. */
export function clipped(torque: ArrayLike<number>, limits: Float64Array, joints: readonly string[]): Float64Array {
  return limits.map((limit, j) => {
    if (!Number.isFinite(torque[j])) {
      throw new InputError(`torque of joint "${joints[j]}" is ${torque[j]}; expected a finite number in N·m`);
    }
    return Math.max(-limit, Math.min(limit, torque[j]!));
  });
}
