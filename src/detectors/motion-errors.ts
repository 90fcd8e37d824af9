import { ago, type Moment } from "./moment.js";
import { type MotionReference, motionFeatures } from "./reference.js";
import { rootMeanSquares } from "./reference-builder.js";
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

/**
 * Errors of the motion model over the last ticks, rad/s, the newest last; empty where good runs do not tell.
 * @param order index of the joint that each joint's state is taken from: as if names were mixed up
 */
export function motionErrors(moment: Moment, count: number, order?: readonly number[]): Float64Array[] {
  const { motion, names } = moment.reference ?? {};
  if (!motion || !names) return [];
  const ordered = (values: ArrayLike<number>) => (order ? order.map((from) => values[from]!) : values);
  const errors: Float64Array[] = [];
  for (let k = Math.min(count, moment.ticks.length - 1); k > 0; k--) {
    const [before, now] = [ago(moment, k)!, ago(moment, k - 1)!];
    if (before.torque.length !== names.length || now.joints.length !== names.length) return [];
    const [position, velocity, after] = [before.position, before.velocity, now.velocity].map(ordered);
    const torque = motion.torque.map((most, j) => Math.max(-most, Math.min(most, before.torque[j]!)));
    const told = applied(motion.model, motionFeatures(position!, velocity!, torque));
    errors.push(told.map((value, j) => after![j]! - velocity![j]! - value));
  }
  return errors;
}

/** The joint whose motion is most unusual: 1 for more than in good runs. */
export function mostUnusual(errors: readonly Float64Array[], { error }: MotionReference) {
  const size = rootMeanSquares(errors);
  const scores = error.map((usual, j) => size[j]! / (1.25 * usual + 1e-3));
  const j = scores.indexOf(Math.max(...scores));
  return { j, score: scores[j] ?? Number.NaN, size: size[j]! };
}

/** Ticks over which an order of the joints is judged. */
export const ORDER_TICKS = 4;

/** Two joints whose states fit the commanded torques where they are swapped, and only then. */
export function swapThatFits(
  moment: Moment,
): { readonly a: number; readonly b: number; readonly score: number } | undefined {
  const { motion, names = [] } = moment.reference ?? {};
  const errors = motionErrors(moment, ORDER_TICKS);
  if (!motion || errors.length < ORDER_TICKS) return undefined;
  const now = mostUnusual(errors, motion).score;
  if (!(now >= 1.5)) return undefined;
  for (let a = 0; a < names.length; a++) {
    for (let b = a + 1; b < names.length; b++) {
      const order = names.map((_, j) => (j === a ? b : j === b ? a : j));
      const { score } = mostUnusual(motionErrors(moment, ORDER_TICKS, order), motion);
      if (score < Math.max(1, 0.15 * now) && score < 0.5 * now) return { a, b, score: now / Math.max(1, score) };
    }
  }
  return undefined;
}
