import { median } from "../../numbers/quantile.js";

/** Fewest values between two changes. */
const FEWEST = 5;
/** Neighbours on either side, and distance from their median in units of the noise, beyond which a value is an outlier. */
const NEIGHBOURS = 3;
const OUTLIER = 3;

/**
 * Where the mean of a sequence of vectors changes: the segmentation with the least sum of squares, in units of the noise,
 * plus (M + 2) ln n for each change, a modified Bayesian information criterion (Zhang and Siegmund 2007). Found exactly,
 * by dynamic programming that leaves out what cannot be best any more (PELT: Killick, Fearnhead and Eckley 2012). Single
 * outliers are no changes: each is taken as the median of its neighbours before (Hampel 1974).
 * @param rows n values of each of M columns, without NaN
 * @param floor least noise of a value
 * @returns index of the first row after each change, in order
 */
export function changePoints(rows: readonly ArrayLike<number>[], floor: number): number[] {
  const n = rows.length;
  const columns = rows[0]?.length ?? 0;
  if (n < 2 * FEWEST) return [];
  const cost = segmentCosts(
    Array.from({ length: columns }, (_, m) => {
      const values = Float64Array.from(rows, (row) => row[m]!);
      const noise = noiseOf(values, floor);
      return withoutOutliers(values, noise).map((value) => value / noise);
    }),
  );
  const penalty = (columns + 2) * Math.log(n);
  // best[t] is the least cost of the first t rows, and last[t] where the last of its segments begins.
  const best = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY);
  best[0] = -penalty;
  const last = new Int32Array(n + 1);
  // Where a segment may begin, and the row from which on another beginning is better.
  let starts = [{ s: 0, until: Number.POSITIVE_INFINITY }];
  for (let t = FEWEST; t <= n; t++) {
    for (const { s } of starts) {
      const total = best[s]! + cost(s, t) + penalty;
      if (total < best[t]!) {
        best[t] = total;
        last[t] = s;
      }
    }
    // A segment that begins at t is at least FEWEST long: until then this one may still be the best.
    for (const start of starts)
      if (start.until > t + FEWEST && best[start.s]! + cost(start.s, t) > best[t]!) start.until = t + FEWEST;
    starts = starts.filter(({ until }) => until > t + 1);
    const next = t - FEWEST + 1;
    if (next >= FEWEST) starts.push({ s: next, until: Number.POSITIVE_INFINITY });
  }
  const found: number[] = [];
  for (let t = last[n]!; t > 0; t = last[t]!) found.unshift(t);
  return found;
}

/** Standard deviation of values about a mean that changes: by the differences of neighbours, of which few are changes. */
function noiseOf(values: Float64Array, floor: number): number {
  const steps = values.slice(1).map((value, i) => value - values[i]!);
  const center = median(steps);
  const distance = median(steps.map((step) => Math.abs(step - center)));
  return Math.max(floor, (1.4826 * distance) / Math.SQRT2);
}

function withoutOutliers(values: Float64Array, noise: number): Float64Array {
  return values.map((value, i) => {
    const around = median(values.subarray(Math.max(0, i - NEIGHBOURS), i + NEIGHBOURS + 1));
    return Math.abs(value - around) > OUTLIER * noise ? around : value;
  });
}

/** Sum of squares of all columns about their means, from s to t − 1. */
function segmentCosts(columns: readonly Float64Array[]) {
  const sums = columns.map((values) => {
    const [sum, squares] = [new Float64Array(values.length + 1), new Float64Array(values.length + 1)];
    for (const [i, value] of values.entries()) {
      // Sums of small numbers lose less.
      const near = value - values[0]!;
      sum[i + 1] = sum[i]! + near;
      squares[i + 1] = squares[i]! + near * near;
    }
    return { sum, squares };
  });
  return (s: number, t: number): number =>
    sums.reduce((total, { sum, squares }) => total + squares[t]! - squares[s]! - (sum[t]! - sum[s]!) ** 2 / (t - s), 0);
}
