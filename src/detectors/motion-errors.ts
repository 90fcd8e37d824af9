import { rootMeanSquares } from "./good-run.js";
import type { Moment, Tick } from "./moment.js";
import { type MotionReference, motionFeatures, type Reference } from "./reference.js";
import { applied } from "./ridge.js";

/** Ticks of usual errors before which an unusual motion has not begun. */
const QUIET = 4;

/** Ticks since the torque that a joint did not follow first, after usual errors. */
export function sinceQuiet(errors: readonly Float64Array[], j: number, usual: number): number {
  let [since, quiet] = [0, 0];
  for (let k = 0; k < errors.length && quiet < QUIET; k++) {
    const isUnusual = Math.abs(errors[errors.length - 1 - k]![j]!) > usual;
    quiet = isUnusual ? 0 : quiet + 1;
    if (isUnusual) since = k + 1;
  }
  return since;
}

/** Errors of each order of the joints at a tick: several detectors ask for them, tick after tick. */
const known = new WeakMap<Tick, Map<string, Float64Array>>();

/**
 * Error of the motion model from a tick to the next, rad/s.
 * @param order index of the joint that each joint's state is taken from: as if names were mixed up
 */
export function motionError(
  { model, torque: most }: MotionReference,
  before: Tick,
  now: Tick,
  order?: readonly number[],
): Float64Array {
  const key = order?.join() ?? "";
  const ofTick = known.get(now) ?? new Map<string, Float64Array>();
  known.set(now, ofTick);
  const found = ofTick.get(key);
  if (found) return found;
  const ordered = (values: ArrayLike<number>) => (order ? order.map((from) => values[from]!) : values);
  const [position, velocity, after] = [before.position, before.velocity, now.velocity].map(ordered);
  const torque = most.map((limit, j) => Math.max(-limit, Math.min(limit, before.torque[j]!)));
  const told = applied(model, motionFeatures(position!, velocity!, torque));
  const error = told.map((value, j) => after![j]! - velocity![j]! - value);
  ofTick.set(key, error);
  return error;
}

/** True where good runs tell how the joints of a tick are moved. */
export const isTold = ({ names }: Reference, { joints, torque }: Tick): boolean =>
  torque.length === names.length && joints.length === names.length;

/** Errors of the motion model over the last ticks, rad/s, the newest last; empty where good runs do not tell. */
export function motionErrors(moment: Moment, count: number): Float64Array[] {
  const { reference, ticks } = moment;
  const last = ticks.slice(-count - 1);
  if (!reference?.motion || !last.every((tick) => isTold(reference, tick))) return [];
  return last.slice(1).map((now, k) => motionError(reference.motion!, last[k]!, now));
}

/** The joint whose motion is most unusual: 1 for more than in good runs. */
export function mostUnusual(errors: readonly Float64Array[], { error }: MotionReference) {
  const size = rootMeanSquares(errors);
  const scores = error.map((usual, j) => size[j]! / (1.25 * usual + 1e-3));
  const j = scores.indexOf(Math.max(...scores));
  return { j, score: scores[j] ?? Number.NaN, size: size[j]! };
}
