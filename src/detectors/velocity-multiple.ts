import { LOOK_BACK, type Moment, type Moved, movedOver, sumOf, velocity } from "./moment.js";
import { uncertainty } from "./slip.js";

/** Velocities of several joints that are wrong by the same factor. */
export interface CommonMultiple {
  /** Times as its velocity says that a joint moves. */
  readonly slope: number;
  /** The joint that shows it most, by its number. */
  readonly j: number;
  /** 1 for just enough to be sure. */
  readonly score: number;
  /** Ticks before the newest at which it began. */
  readonly since: number;
}

/** Most that one joint counts at one tick, in squares of what is uncertain, and all of them: no tick decides alone. */
const MOST_OF_JOINT = 9;
const MOST_OF_TICK = 8;
/** Evidence, in such squares, from which it is sure; it takes three ticks at least. */
const ENOUGH = 20;
/** Evidence that a joint must give to be one of the several. */
const ENOUGH_OF_JOINT = 5;
/** Part of what positions are off velocities that the factor must explain. */
const EXPLAINED = 0.8;
/** Factors nearer to 1 are none of units or signs. */
const LEAST_CHANGE = 0.4;

/** A joint's motions over the last ticks. */
interface Steps {
  readonly j: number;
  readonly steps: readonly (Moved | undefined)[];
  readonly unit: number;
}

/**
 * The factor by which positions of two joints or more move otherwise than their velocities say, as after a change of units or
 * signs. Evidence is how much better the factor explains the positions, summed over the ticks since the one at which it is
 * most (Page 1954): a few ticks of a fast arm, more of a slow one. What one joint alone shows may also be its encoder's.
 */
export function commonMultiple(moment: Moment): CommonMultiple | undefined {
  const { joints } = moment.ticks.at(-1)!;
  const count = Math.min(LOOK_BACK, moment.ticks.length) - 1;
  const all = joints.map((name, j): Steps => {
    const steps = movedOver(moment, j, count).map((step, k) =>
      // Velocities that stay the same are stuck: no factor of them means anything.
      velocity(moment, j, count - 1 - k) === velocity(moment, j, count - k) ? undefined : step,
    );
    return { j, steps, unit: uncertainty(moment.reference, name) };
  });
  let best: CommonMultiple | undefined;
  for (let since = 2; since < count; since++) {
    const found = multipleOf(all.map((one) => ({ ...one, steps: one.steps.slice(count - 1 - since) })));
    if (found && found.score > (best?.score ?? 0)) best = { ...found, since };
  }
  return best && best.score >= 1 ? best : undefined;
}

function multipleOf(all: readonly Steps[]): Omit<CommonMultiple, "since"> | undefined {
  const sum = (of: (step: Moved) => number) =>
    sumOf(all.map(({ steps, unit }) => sumOf(steps.map((step) => (step ? of(step) / unit ** 2 : 0)))));
  const slope =
    sum(({ by, told }) => by * told) /
    Math.max(
      1e-12,
      sum(({ told }) => told ** 2),
    );
  if (Math.abs(slope - 1) < LEAST_CHANGE) return undefined;
  const off = all.map(({ steps, unit }) =>
    steps.map((step) => {
      if (!step) return [0, 0] as const;
      const { by, told, allowed } = step;
      const squares = (factor: number) =>
        Math.min(MOST_OF_JOINT, (Math.max(0, Math.abs(by - factor * told) - Math.abs(factor) * allowed) / unit) ** 2);
      return [squares(1), squares(slope)] as const;
    }),
  );
  const plain = sumOf(off.flat().map(([now]) => now));
  const rest = sumOf(off.flat().map(([, then]) => then));
  if (rest > (1 - EXPLAINED) * plain) return undefined;
  const ofJoint = off.map((ticks) => sumOf(ticks.map(([now, then]) => now - then)));
  if (ofJoint.filter((evidence) => evidence >= ENOUGH_OF_JOINT).length < 2) return undefined;
  const ofTick = off[0]!.map((_, k) => sumOf(off.map((ticks) => ticks[k]![0] - ticks[k]![1])));
  const evidence = sumOf(ofTick.map((less) => Math.max(-MOST_OF_TICK, Math.min(MOST_OF_TICK, less))));
  return { slope, j: all[ofJoint.indexOf(Math.max(...ofJoint))]!.j, score: evidence / ENOUGH };
}
