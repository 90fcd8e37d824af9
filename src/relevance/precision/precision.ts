/**
 * What relevance is computed in: float32 (`exact`), or large convolutions of what cannot be negative in eight-bit
 * integers with exact sums (`fast`). The policy itself is computed alike.
 */
export const PRECISIONS = ["exact", "fast"] as const;
export type Precision = (typeof PRECISIONS)[number];
