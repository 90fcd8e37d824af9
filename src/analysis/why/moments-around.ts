/** What happens in a run, tick by tick. */
export interface Course {
  readonly seconds: readonly number[];
  /** Joint positions. */
  readonly poses: readonly ArrayLike<number>[];
  /** Shares of the modalities; empty or not a number where nothing was explained. */
  readonly tickShares: readonly ArrayLike<number>[];
}

/** Seconds around a moment that ticks are chosen from. */
const AROUND = 1.5;

/**
 * Ticks around a moment at which something happens: the moment itself, and where the arm moves most and the shares change
 * most, each as a part of its most there. They are not close to each other.
 * @param count ticks, at most
 */
export function momentsAround({ seconds, poses, tickShares }: Course, tick: number, count: number): number[] {
  const at = seconds[tick]!;
  const near = seconds.flatMap((second, i) => (Math.abs(second - at) <= AROUND ? [i] : []));
  const [moves, changes] = [poses, tickShares].map((of) => parts(near.map((i) => change(of[i - 1], of[i]!))));
  const happening = new Map(near.map((i, k) => [i, moves![k]! + changes![k]!]));
  const apart = Math.max(1, Math.floor(near.length / (2 * count)));
  const chosen = [tick];
  for (const i of near.toSorted((a, b) => happening.get(b)! - happening.get(a)!)) {
    if (chosen.length >= count) break;
    if (chosen.every((other) => Math.abs(other - i) > apart)) chosen.push(i);
  }
  return chosen.sort((a, b) => a - b);
}

/** Sum of the differences of two ticks' numbers; 0 where they are none. */
function change(before: ArrayLike<number> | undefined, now: ArrayLike<number>): number {
  if (!before) return 0;
  let sum = 0;
  for (let k = 0; k < now.length; k++) sum += Math.abs(now[k]! - before[k]!);
  return Number.isNaN(sum) ? 0 : sum;
}

const parts = (values: readonly number[]): number[] => {
  const most = Math.max(1e-9, ...values);
  return values.map((value) => value / most);
};
