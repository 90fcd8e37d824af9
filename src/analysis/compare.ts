import { mean, meanStd } from "../numbers/mean.js";
import { type Interval, meansInterval } from "./bootstrap.js";

/** Difference of two sets of runs in one quantity, B less A. */
export interface Difference {
  readonly a: number;
  readonly b: number;
  readonly difference: number;
  /** 95 % confidence interval of the difference; undefined if a set has fewer than two runs. */
  readonly interval: Interval | undefined;
  /** Hedges' g: the difference in pooled standard deviations, corrected for small sets; undefined without spread. */
  readonly hedgesG: number | undefined;
  /** Cliff's delta: how much more often a run of B exceeds one of A than the other way round, −1 to 1. */
  readonly cliffsDelta: number;
}

/**
 * Compares two sets by one number a run. The bootstrap resamples runs, not ticks: ticks of one run are not independent.
 * @returns undefined if a set has no number; NaN are left out
 */
export function compare(a: readonly number[], b: readonly number[]): Difference | undefined {
  const [known, other] = [a, b].map((values) => values.filter((value) => !Number.isNaN(value))) as [number[], number[]];
  if (known.length === 0 || other.length === 0) return undefined;
  const [meanA, meanB] = [mean(known), mean(other)];
  return {
    a: meanA,
    b: meanB,
    difference: meanB - meanA,
    interval:
      known.length > 1 && other.length > 1 ? meansInterval([other, known], (ofB, ofA) => ofB! - ofA!) : undefined,
    hedgesG: hedgesG(known, other),
    cliffsDelta: cliffsDelta(known, other),
  };
}

/** Hedges 1981, with the correction 1 − 3 / (4 (n − 2) − 1). */
function hedgesG(a: readonly number[], b: readonly number[]): number | undefined {
  const freedom = a.length + b.length - 2;
  if (freedom < 2) return undefined;
  const squares = (values: readonly number[]) => (values.length - 1) * (meanStd(values).std || 0) ** 2;
  const pooled = Math.sqrt((squares(a) + squares(b)) / freedom);
  if (!(pooled > 0)) return undefined;
  return ((mean(b) - mean(a)) / pooled) * (1 - 3 / (4 * freedom - 1));
}

/** Cliff 1993. */
function cliffsDelta(a: readonly number[], b: readonly number[]): number {
  const sorted = Float64Array.from(a).sort();
  const below = (value: number, orEqual: boolean) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < value || (orEqual && sorted[middle] === value)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const dominance = b.reduce((total, value) => total + below(value, false) - (a.length - below(value, true)), 0);
  return dominance / (a.length * b.length);
}
