import type { Arm } from "../../arm/arm.js";
import { cholesky, choleskySolve, multiply, transpose } from "../../arm/matrix.js";
import type { Point } from "./state-cost.js";

/** Half steps towards the nearest posture: what is left of the way is under a thousandth. Whole steps can swing around it. */
const APPROACH = 10;
/** Whole steps onto the point. */
const ARRIVAL = 4;
/** Largest distance from the point that counts as reached, metres. */
const REACHED = 1e-9;

/**
 * Joint positions [J] that bring an arm's tip to a point, of all those the nearest to a reference posture (least squares,
 * to about a thousandth): a smooth function of the point. Gauss–Newton from the reference; joint limits are left to the caller.
 * @throws Error where the arm does not reach the point
 */
export function inverseKinematics(arm: Arm, point: Point, reference: ArrayLike<number>): Float64Array {
  const unreached = () => new Error(`the arm does not reach (${point.join(", ")})`);
  let posture = Float64Array.from(reference);
  for (let iteration = 0; iteration < APPROACH + ARRIVAL; iteration++) {
    const approaches = iteration < APPROACH;
    const step = stepFrom(arm, posture, point, approaches ? reference : posture);
    if (step === undefined) throw unreached();
    posture = posture.map((value, j) => value + (approaches ? 0.5 : 1) * step[j]!);
  }
  const tip = arm.tipPosition(arm.place(posture));
  if (!(Math.hypot(...point.map((value, k) => value - tip[k]!)) < REACHED)) throw unreached();
  return posture;
}

/** The step from a posture to the point, by the tip's Jacobian, to the posture that is nearest to the reference. */
function stepFrom(
  arm: Arm,
  posture: Float64Array,
  point: Point,
  reference: ArrayLike<number>,
): Float64Array | undefined {
  const { dofs, model } = arm;
  const size = posture.length;
  const data = arm.place(posture);
  const tip = arm.tipPosition(data);
  const whole = arm.tipJacobian(data);
  const jacobian = Float64Array.from([0, 1, 2].flatMap((row) => dofs.map((dof) => whole[row * model.nv + dof]!)));
  const back = posture.map((value, j) => reference[j]! - value);
  const moved = multiply(jacobian, back, 3, size, 1);
  const left = moved.map((value, k) => point[k]! - tip[k]! - value);
  const across = transpose(jacobian, 3, size);
  const factor = cholesky(multiply(jacobian, across, 3, size, 3), 3);
  if (factor === undefined) return undefined;
  const onto = multiply(across, choleskySolve(factor, left, 3, 1), size, 3, 1);
  return onto.map((value, j) => value + back[j]!);
}
