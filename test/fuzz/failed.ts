import { relativeError } from "../evaluate.js";

/** Ends a case: what does not hold, in one line. */
export function failed(problem: string): never {
  throw new Error(problem);
}

/** Ends a case where numbers differ by more than `tolerance` of the largest expected. */
export function within(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string): void {
  const error = relativeError(actual, expected);
  if (error > tolerance) failed(`${what}: ${short(actual)}, expected ${short(expected)} (error ${error})`);
}

const short = (values: ArrayLike<number>): string =>
  `[${Array.from({ length: Math.min(6, values.length) }, (_, i) => values[i]).join(", ")}${values.length > 6 ? ", …" : ""}]`;
