import { median } from "../numbers/quantile.js";

/**
 * Median, and 1.4826 × the median distance from it, which is the standard deviation for a normal distribution. A few
 * outliers do not move them.
 */
export interface RobustSpread {
  readonly center: number;
  readonly scale: number;
}

/**
 * @param floor least scale; without it the smallest change of a constant share would be infinitely unusual
 * @returns undefined for no values; NaN are left out
 */
export function robustSpread(values: Iterable<number>, floor: number): RobustSpread | undefined {
  const known = Float64Array.from(values).filter((value) => !Number.isNaN(value));
  if (known.length === 0) return undefined;
  const center = median(known);
  const distance = median(known.map((value) => Math.abs(value - center)));
  return { center, scale: Math.max(1.4826 * distance, floor) };
}

/** Distance of a value from the centre, in scales. */
export function robustScore(value: number, { center, scale }: RobustSpread): number {
  return (value - center) / scale;
}
