import {
  add,
  div,
  equal,
  less,
  lessOrEqual,
  logicalAnd,
  logicalNot,
  maximum,
  mul,
  safeDivide,
  where,
} from "../../../graph/build.js";
import { sizeOf } from "../../../graph/shape.js";
import type { Value } from "../../../graph/value.js";
import type { LayerRule } from "../../contract/rules.js";
import { guard, VANISHING } from "./bounded-input.js";
import { distribute } from "./distribute.js";
import { AGREEING, OPPOSING, type Term } from "./forms.js";
import { pieces, poolConstants, total } from "./pieces.js";
import { handsOnAgainst } from "./silent-inputs.js";

/** Rules that never divide by a bias: they keep Σ R wherever an input contributes (methods.md §2.1, the DTD family). */

/** R_i = Σ_t in_t,i · Σ_j wt_t,ij · R_j / z_j for terms of which z_j ≥ 0 is the sum. */
const proportional =
  (terms: readonly Term[]): LayerRule =>
  (layer, amount, context) => {
    const summed = context.summedImage(layer.input) !== undefined;
    const every = pieces(layer, terms, context);
    const parts = summed ? poolConstants(layer, every) : every;
    const z = total(parts);
    const isBounded = terms.some(([input]) => input === "low");
    return distribute(layer, parts, over(amount, isBounded ? maximum(z, guard(layer, context)) : z), context, summed);
  };

/** R / z. Where R is a product with a factor that all rows share, divides this factor once instead of every row. */
function over(amount: Value, z: Value): Value {
  const [factor, rows] = amount.node.op === "Mul" ? (amount.node.inputs as readonly [Value, Value]) : [];
  const isShared = factor && sizeOf(factor.shape) < sizeOf(rows!.shape) && sizeOf(z.shape) < sizeOf(rows!.shape);
  return isShared && sizeOf(factor.shape) === sizeOf(z.shape) ? mul(rows!, div(factor, z)) : div(amount, z);
}

/**
 * z⁺ for inputs of either sign: R_i = Σ_j max(x_i w_ij, 0) / Σ_i' max(x_i' w_i'j, 0) · R_j (Kim & Choi Eq. 2 with its R_j).
 * Where that sum has no terms, as of a unit below zero before a GELU, the contributions against the unit share.
 */
export const eq2: LayerRule = (layer, amount, context) =>
  (handsOnAgainst(layer, context) ? orAgainst : zPlus)(layer, amount, context);

const SUPPORTING: readonly Term[] = [
  ["x⁺ or silent", "w⁺"],
  ["x⁻", "w⁻"],
];
const zPlus = proportional(SUPPORTING);

/** A unit of which no weight is positive has z⁺ = 0: its inputs, none below zero, get x_i |w_ij| / Σ x |w| · R_j. */
const orAgainst: LayerRule = (layer, amount, context) => {
  const summed = context.summedImage(layer.input) !== undefined;
  const supporting = pieces(layer, SUPPORTING, context);
  const against = pieces(layer, [["x⁺ or silent", "−w⁻"]], context);
  const z = total(supporting);
  const none = lessOrEqual(z, 2 * VANISHING);
  const parts = [
    [supporting, where(none, 0, div(amount, z))],
    [against, where(none, div(amount, total(against)), 0)],
  ] as const;
  return parts.map(([each, s]) => distribute(layer, each, s, context, summed)).reduce(add);
};

/** z^B for inputs bounded to [l, h]: x w − l w⁺ − h w⁻ over its sum (Montavon et al. 2017). The bias cancels. */
export const zBox: LayerRule = proportional([
  ["x", "w"],
  ["low", "−w⁺"],
  ["high", "−w⁻"],
]);

/** w²_ij / Σ w², for unbounded inputs (Montavon et al. 2017). */
export const wSquare: LayerRule = proportional([["one", "w²"]]);

/** Equal parts to the whole receptive field. */
export const flat: LayerRule = proportional([["one", "one"]]);

/**
 * The torque's own layer (Kim & Choi Eq. 1): |R_j|, of actions R_j, goes to the contributions that agree with the sign of
 * R_j, in proportion.
 * If there are none, it goes to the others, and the pool is reported empty (methods.md §0.2).
 */
export const eq1: LayerRule = (layer, amount, context) => {
  const agreeing = pieces(layer, AGREEING, context);
  const opposing = pieces(layer, OPPOSING, context);
  const z = { agreeing: total(agreeing), opposing: total(opposing) };
  const negative = less(amount, 0);
  const empty = lessOrEqual(where(negative, z.opposing, z.agreeing), 0);
  context.emptyPools.push(logicalAnd(empty, logicalNot(equal(amount, 0))));
  // The sign selects the agreeing or the opposing pool; if this is empty, the other one.
  const agree = equal(negative, empty);
  const size = context.handedOut(amount);
  return add(
    distribute(layer, agreeing, where(agree, safeDivide(size, z.agreeing), 0), context),
    distribute(layer, opposing, where(agree, 0, safeDivide(size, z.opposing)), context),
  );
};
