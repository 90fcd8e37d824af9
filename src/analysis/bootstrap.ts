import { randomLcg } from "d3-random";
import { mean } from "../numbers/mean.js";
import { quantile } from "../numbers/quantile.js";

const RESAMPLES = 2000;
const CONFIDENCE = 0.95;

export type Interval = readonly [low: number, high: number];

/**
 * 95 % confidence interval of a statistic of the means of several samples: percentile bootstrap, 2,000 resamples, fixed
 * seed.
 */
export function meansInterval(
  samples: readonly (readonly number[])[],
  statistic: (...means: number[]) => number,
): Interval {
  const random = randomLcg(0);
  const drawn = (values: readonly number[]) => mean(values, () => values[Math.floor(random() * values.length)]!);
  const found = Float64Array.from({ length: RESAMPLES }, () => statistic(...samples.map(drawn)));
  const tail = (1 - CONFIDENCE) / 2;
  return [quantile(found, tail), quantile(found, 1 - tail)];
}

/** 95 % confidence interval of a statistic of groups that are drawn anew as wholes; resamples without a value are left out. */
export function groupsInterval<T>(groups: readonly T[], statistic: (groups: readonly T[]) => number): Interval {
  const random = randomLcg(0);
  const drawn = () => groups.map(() => groups[Math.floor(random() * groups.length)]!);
  const found = Array.from({ length: RESAMPLES }, () => statistic(drawn())).filter((value) => !Number.isNaN(value));
  const tail = (1 - CONFIDENCE) / 2;
  return [quantile(Float64Array.from(found), tail), quantile(Float64Array.from(found), 1 - tail)];
}

/** A mean over runs with its confidence interval. */
export interface Estimate {
  readonly mean: number;
  /** Undefined for fewer than two values. */
  readonly interval: Interval | undefined;
  /** Number of values. */
  readonly count: number;
}

/** @param values one a run, independent of each other; NaN are left out */
export function estimate(values: readonly number[]): Estimate {
  const known = values.filter((value) => !Number.isNaN(value));
  return {
    mean: mean(known),
    interval: known.length > 1 ? meansInterval([known], (only) => only) : undefined,
    count: known.length,
  };
}
