import { quantile as interpolated } from "d3-array";

/** Quantile by linear interpolation between order statistics (type 7 of Hyndman and Fan 1996). NaN are left out; NaN of no values. */
export const quantile = (values: Iterable<number>, part: number): number => interpolated(values, part) ?? Number.NaN;

/** Smallest value that at least this part of the values does not exceed (nearest rank). NaN of no values. */
export function nearestRank(values: Iterable<number>, part: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

/** Middle value; of an even number of values, the mean of the middle two. NaN are left out; NaN of no values. */
export function median(values: Iterable<number>): number {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Median as run folders and policy records hold it: of an even number of values, the larger of the middle two. */
export function upperMedian(values: Iterable<number>): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
