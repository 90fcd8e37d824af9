import { abs, expand, neg, relu, scalar, square } from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";

export type InputForm = "x" | "x⁺" | "x⁺ or silent" | "x⁻" | "|x|" | "low" | "high" | "one";
export type WeightForm = "w" | "w⁺" | "w⁻" | "−w⁺" | "−w⁻" | "|w|" | "w²" | "one" | ((w: Value) => Value);

/**
 * A term of a pool: modified inputs in_t and weights wt_t. A pool's z_j = Σ_t L(in_t; wt_t)_j, and for s_j
 * (relevance over z_j) its inputs get R_i = Σ_t in_t,i · Lᵀ(s; wt_t)_i.
 */
export type Term = readonly [input: InputForm, weight: WeightForm];

/** Contributions above zero: p = max(xw, 0). */
export const AGREEING: readonly Term[] = [
  ["x⁺", "w⁺"],
  ["x⁻", "w⁻"],
];
/** Sizes of contributions below zero: n = max(−xw, 0). */
export const OPPOSING: readonly Term[] = [
  ["x⁺", "−w⁻"],
  ["x⁻", "−w⁺"],
];

export const positivePart = relu;
export const negativePart = (x: Value): Value => neg(relu(neg(x)));

/** Weights in each form. */
export const WEIGHT: Readonly<Record<Extract<WeightForm, string>, (w: Value) => Value>> = {
  w: (w) => w,
  "w⁺": positivePart,
  "w⁻": negativePart,
  "−w⁺": (w) => neg(relu(w)),
  "−w⁻": (w) => relu(neg(w)),
  "|w|": abs,
  "w²": square,
  one: (w) => expand(scalar(1, w.dtype), w.shape),
};

/** Inputs in each form that depends only on x. */
export const INPUT: Readonly<
  Record<Exclude<InputForm, "x⁺ or silent" | "low" | "high">, (x: Value, nonNegative: boolean) => Value>
> = {
  x: (x) => x,
  "x⁺": (x, nonNegative) => (nonNegative ? x : relu(x)),
  "x⁻": negativePart,
  "|x|": (x, nonNegative) => (nonNegative ? x : abs(x)),
  one: (x) => expand(scalar(1, x.dtype), x.shape),
};
