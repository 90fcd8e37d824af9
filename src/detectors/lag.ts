import { angle } from "./samples.js";

/** How far pictures are behind the joints, by the poses that they show. */
export interface Lag {
  /** Ticks. */
  readonly ticks: number;
  /** By how much the poses fit better so many ticks before, in usual errors; 0 where the pictures are not behind. */
  readonly gain: number;
}

/** Pictures whose poses are compared, and the largest lag that is looked for, ticks. */
export const LAG_TICKS = 10;
const MOST = 8;
/** Usual errors beyond which a pose is simply wrong. */
const WRONG = 5;
/** Part of the error that a lag must take away. */
const TAKEN = 0.5;

/**
 * The lag at which poses by pictures fit the joints best.
 * @param shown poses by the newest `LAG_TICKS` pictures, the newest last
 * @param told joint positions of the ticks so far, the newest last: at least as many
 * @param usual usual error of each joint's position by a picture, rad
 */
export function lagOf(
  shown: readonly ArrayLike<number>[],
  told: readonly ArrayLike<number>[],
  usual: ArrayLike<number>,
): Lag {
  const errorAt = (lag: number) => {
    let sum = 0;
    for (const [k, pose] of shown.entries()) {
      // Before a run's first tick the arm was where it began.
      const then = told[Math.max(0, told.length - shown.length + k - lag)]!;
      for (let j = 0; j < usual.length; j++) sum += Math.min(WRONG, Math.abs(angle(pose[j]!, then[j]!)) / usual[j]!);
    }
    return sum / (shown.length * usual.length);
  };
  const now = errorAt(0);
  let [best, least] = [0, now];
  for (let lag = 1; lag <= MOST; lag++) {
    const error = errorAt(lag);
    if (error < least) [best, least] = [lag, error];
  }
  return least < TAKEN * now && best > 1 ? { ticks: best, gain: now - least } : { ticks: best, gain: 0 };
}
