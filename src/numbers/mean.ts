import { deviation, mean as meanOf } from "d3-array";

/** Mean and sample standard deviation (n − 1). */
export interface MeanStd {
  readonly mean: number;
  readonly std: number;
}

const identity = (value: unknown) => value as number;

/** Mean of the values, or of `of` over them. NaN are left out; NaN of no values. */
export function mean(values: Iterable<number>): number;
export function mean<T>(values: Iterable<T>, of: (value: T) => number): number;
export function mean<T>(values: Iterable<T>, of: (value: T) => number = identity): number {
  return meanOf(values, of) ?? Number.NaN;
}

/** NaN are left out; the deviation of fewer than two values is NaN. */
export function meanStd(values: Iterable<number>): MeanStd;
export function meanStd<T>(values: Iterable<T>, of: (value: T) => number): MeanStd;
export function meanStd<T>(values: Iterable<T>, of: (value: T) => number = identity): MeanStd {
  return { mean: mean(values, of), std: deviation(values, of) ?? Number.NaN };
}
