import { add, matmul, reshape } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";

/**
 * Relevance of a value on its way back: [rows, …shape of the value], so that it broadcasts against the value itself. Per
 * torque there is one row per torque, not weighted; collapsed there is one row, the sum over torques weighted by importance α.
 */
export interface Relevance {
  readonly amount: Value;
  readonly perTorque: boolean;
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
  return { amount: reshape(weighted, [1, ...shape.slice(1)]), perTorque: false };
}

/** Sums what arrives at one value; rows a torque meet collapsed ones only after being collapsed themselves. */
export const accumulate =
  (importance: Value) =>
  (a: Relevance, b: Relevance): Relevance => {
    if (a.perTorque === b.perTorque) return { ...a, amount: add(a.amount, b.amount) };
    return { amount: add(collapse(a, importance).amount, collapse(b, importance).amount), perTorque: false };
  };

export const rowsOf = (amount: Value): number => amount.shape[0]!;
