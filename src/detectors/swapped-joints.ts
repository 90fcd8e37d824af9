import { have, type Moment, moved, position, velocity } from "./moment.js";
import { isTold, motionError } from "./motion-errors.js";
import { uncertainty } from "./slip.js";

/** Two joints that are taken for each other, by their numbers. */
export interface Swap {
  readonly a: number;
  readonly b: number;
  /** 1 for just enough to be sure. */
  readonly score: number;
  /** Ticks before the newest at which it began. */
  readonly since: number;
}

/** Two joints that went on where the other was, a tick before the newest. */
export function swapThatJumps(moment: Moment): Swap | undefined {
  if (!have(moment, 2)) return undefined;
  const { joints } = moment.ticks.at(-1)!;
  const period = moment.period ?? 0;
  /** Motion from where joint `from` was to where `to` is now, rad, and what the change of velocity makes uncertain of it. */
  const way = (to: number, from: number) => {
    const [before, after] = [velocity(moment, from, 2), velocity(moment, to, 1)];
    const step = position(moment, to, 1) - position(moment, from, 2);
    const allowed = period * Math.abs(after - before);
    return { off: Math.abs(step - (period * (before + after)) / 2) - allowed, allowed };
  };
  for (let a = 0; a < joints.length; a++) {
    for (let b = a + 1; b < joints.length; b++) {
      const tolerance = Math.max(...[a, b].map((j) => uncertainty(moment.reference, joints[j]!)));
      const gap = Math.abs(position(moment, a, 2) - position(moment, b, 2));
      const [aStays, bStays, aFromB, bFromA] = [way(a, a), way(b, b), way(a, b), way(b, a)];
      const isSwapped =
        Math.min(aStays.off, bStays.off) > 1.5 * tolerance &&
        [aFromB, bFromA].every(({ off, allowed }) => off < tolerance && allowed < 0.25 * gap);
      // A joint whose positions are noisy comes back; one that another was taken for moves on as its velocity says.
      const stay = [a, b].every((j) => {
        const { by, told, allowed } = moved(moment, j, 0)!;
        return Math.min(Math.abs(by), Math.abs(by - told) - allowed) < 0.5 * gap;
      });
      if (gap > 2.5 * tolerance && isSwapped && stay) return { a, b, score: gap / tolerance, since: 1 };
    }
  }
  return undefined;
}

/** Most that one joint's error at one tick counts, in squares of the largest usual one, and one tick: none decides alone. */
const MOST_OF_JOINT = 9;
const MOST_OF_TICK = 8;
/** Evidence, in such squares, from which a swap is sure; in good runs of the arms' tasks it is 2 at most. */
const ENOUGH = 15;
/** Part of the errors that a swap must explain. */
const EXPLAINED = 0.5;

/**
 * Two joints whose states fit the commanded torques where they are swapped, and only then. Evidence is how much smaller the
 * errors of the motion are in that order, summed over the ticks since the one at which it is most (Page 1954).
 */
export function swapThatFits(moment: Moment): Swap | undefined {
  const { reference, ticks } = moment;
  const { motion, names = [] } = reference ?? {};
  if (!reference || !motion || !ticks.every((tick) => isTold(reference, tick))) return undefined;
  const size = (error: Float64Array) =>
    error.reduce((sum, value, j) => sum + Math.min(MOST_OF_JOINT, (value / (motion.error[j]! + 1e-3)) ** 2), 0);
  const errorsBy = (order?: readonly number[]) =>
    ticks.slice(1).map((now, k) => size(motionError(motion, ticks[k]!, now, order)));
  const plain = errorsBy();
  const stays = (j: number, k: number) => ticks[k]!.velocity[j] === ticks[k + 1]!.velocity[j];
  const isContradicted = names.map((name, j) => {
    const most = 1.5 * uncertainty(reference, name);
    return plain.map((_, k) => {
      const { by, told, allowed } = moved(moment, j, plain.length - 1 - k)!;
      return Math.abs(by - told) - allowed > most;
    });
  });
  let best: Swap | undefined;
  for (let a = 0; a < names.length; a++) {
    for (let b = a + 1; b < names.length; b++) {
      const swapped = errorsBy(names.map((_, j) => (j === a ? b : j === b ? a : j)));
      let [evidence, explained, errors] = [0, 0, 0];
      for (let k = plain.length - 1; k >= 0; k--) {
        // Velocities that stay the same are stuck, and those that no position follows are wrong: they say nothing of the motion.
        if ((stays(a, k) && stays(b, k)) || isContradicted[a]![k] || isContradicted[b]![k]) continue;
        const less = plain[k]! - swapped[k]!;
        evidence += Math.max(-MOST_OF_TICK, Math.min(MOST_OF_TICK, less));
        explained += less;
        errors += plain[k]!;
        const score = evidence / ENOUGH;
        if (score >= 1 && explained >= EXPLAINED * errors && score > (best?.score ?? 0))
          best = { a, b, score, since: plain.length - 1 - k };
      }
    }
  }
  return best;
}
