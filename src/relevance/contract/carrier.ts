import { add, matmul, reshape } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";

/**
 * Relevance of a value in the backward pass: [rows, …shape of the value], so that it broadcasts against the value. It
 * has either one row per torque, not weighted, or one row in all: the sum over torques weighted by importance α.
 */
export interface Relevance {
  readonly amount: Value;
  readonly perTorque: boolean;
  /** True behind the place where an image's features join the rest: it counts in the image's share already. */
  readonly counted?: boolean;
}

/** Σ_j α_j R_j. `importance` is [J]. Linear rules may be applied before or after it. */
export function collapse(relevance: Relevance, importance: Value): Relevance {
  if (!relevance.perTorque) return relevance;
  const { shape } = relevance.amount;
  const torques = shape[0]!;
  const weighted = matmul(
    reshape(importance, [1, torques]),
    reshape(relevance.amount, [torques, sizeOf(shape) / torques]),
  );
  return { ...relevance, amount: reshape(weighted, [1, ...shape.slice(1)]), perTorque: false };
}

/** Sums amounts that arrive at one value; amounts per torque are collapsed before they are added to collapsed ones. */
export const accumulate =
  (importance: Value) =>
  (a: Relevance, b: Relevance): Relevance => {
    const counted = a.counted || b.counted;
    if (a.perTorque === b.perTorque) return { ...a, counted, amount: add(a.amount, b.amount) };
    return { counted, amount: add(collapse(a, importance).amount, collapse(b, importance).amount), perTorque: false };
  };

export const rowsOf = (amount: Value): number => amount.shape[0]!;
