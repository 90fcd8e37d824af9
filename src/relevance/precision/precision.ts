/**
 * Arithmetic of relevance: float32 (`exact`), or large convolutions of non-negative values in eight-bit integers with
 * exact sums (`fast`). The policy itself is computed in float32 in both.
 */
export const PRECISIONS = ["exact", "fast"] as const;
export type Precision = (typeof PRECISIONS)[number];
