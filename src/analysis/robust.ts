import { median } from "../numbers/quantile.js";

/**
 * Where most values lie, and how far they spread: median and 1.4826 × the median distance from it, which is the
 * standard deviation of a normal distribution. A few outliers do not move it.
 */
export interface RobustSpread {
  readonly center: number;
  readonly scale: number;
}

/**
 * @param floor the least scale: what lies nearer than that is no difference. Without it a share that is always the same
 * would make the smallest change infinitely unusual.
 * @returns undefined of no values; NaN do not count
 */
export function robustSpread(values: Iterable<number>, floor: number): RobustSpread | undefined {
  const known = Float64Array.from(values).filter((value) => !Number.isNaN(value));
  if (known.length === 0) return undefined;
  const center = median(known);
  const distance = median(known.map((value) => Math.abs(value - center)));
  return { center, scale: Math.max(1.4826 * distance, floor) };
}

/** How many scales a value lies from the centre. */
export function robustScore(value: number, { center, scale }: RobustSpread): number {
  return (value - center) / scale;
}
