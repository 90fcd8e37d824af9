import {
  abs,
  add,
  cast,
  div,
  equal,
  expand,
  greater,
  logicalAnd,
  logicalNot,
  maximum,
  minimum,
  mul,
  neg,
  reduceMax,
  relu,
  reshape,
  safeDivide,
  scalar,
  sub,
  sum,
  where,
} from "../../../graph/build.js";
import { substitute } from "../../../graph/substitute.js";
import type { Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { LinearLayer } from "../../contract/linear-layer.js";
import type { LayerRule } from "../../contract/rules.js";
import { ROUNDING, VANISHING } from "./bounded-input.js";
import { distribute, distributeSum } from "./distribute.js";
import { AGREEING, negativePart, OPPOSING } from "./forms.js";
import { type Piece, pieces, seenInput, total } from "./pieces.js";
import { SILENT } from "./silent-inputs.js";

/**
 * Relative Attributing Propagation (Nam et al., AAAI 2020): units of less than average influence get relevance below
 * zero. Not linear in the relevance, so torques are kept apart to the end (methods.md §1).
 */

/**
 * The torque's own layer, absolute influence normalisation: |τ| in proportion to |x_i w_i|. The authors first spread
 * the bias over the contributions of its sign; this scales all of them equally and cancels. Without any contribution the
 * torque is its bias alone: its relevance is lost, and the pool is reported empty.
 */
export const influence: LayerRule = (layer, amount, context) => {
  const parts = pieces(layer, [["|x|", "|w|"]], context);
  const z = total(parts);
  context.emptyPools.push(logicalAnd(equal(z, 0), logicalNot(equal(amount, 0))));
  return distribute(layer, parts, safeDivide(context.handedOut(amount), z), context);
};

/**
 * A hidden layer: C_i = Σ_{R_j>0} R_j (p_ij/P_j + n_ij/(P_j+N_j)) + Σ_{R_j<0} R_j (n_ij/N_j + n_ij/(P_j+N_j)) for
 * p = max(xw, 0), n = max(−xw, 0), then the uniform shift R_i = C_i − (ΣC − ΣR)/#{C_i ≠ 0} where C_i ≠ 0. Where no C_i is,
 * units are their biases alone: the layer's relevance is lost, and the pool is reported empty.
 */
export const influential: LayerRule = (layer, amount, context) => {
  const agreeing = pieces(layer, AGREEING, context);
  const opposing = pieces(layer, OPPOSING, context);
  const [p, n] = [total(agreeing), total(opposing)];
  // Denominators are the same in all rows: divide once, then multiply the rows.
  const one = (z: Value) => where(greater(z, VANISHING), div(1, maximum(z, VANISHING)), 0);
  const above = relu(amount);
  const below = sub(amount, above);
  const distributed = distributeSum(
    layer,
    [
      [agreeing, mul(above, one(p))],
      [opposing, add(mul(amount, one(add(p, n))), mul(below, one(n)))],
    ],
    context,
  );
  const c = mul(distributed, active(layer, context));
  const reached = cast(cast(c, "bool"), c.dtype);
  const [count, arrived] = [perRow(reached), perRow(amount)];
  context.emptyPools.push(logicalAnd(equal(count, 0), logicalNot(equal(arrived, 0))));
  const shift = safeDivide(sub(perRow(c), arrived), count);
  const onUnits = reshape(shift, [shift.shape[0]!, ...c.shape.slice(1).map(() => 1)]);
  return sub(c, mul(reached, onUnits));
};

/** 1 for an input that is not zero, 0 for rounding errors of zero, as of a feature point at the centre. */
function active(layer: LinearLayer, context: Context): Value {
  const size = abs(seenInput(layer, context).x);
  return cast(greater(size, mul(reduceMax(size), ROUNDING)), size.dtype);
}

/** Σ over all but rows, [rows]. */
const perRow = (amount: Value): Value => sum(amount, amount.shape.map((_, i) => i).slice(1));

/**
 * z^B between the lowest and the highest value of the whole current image, both taken through the nodes between it and
 * the layer: (x − l) w⁺ + (x − h) w⁻ over its sum. In an image of one value, where all these are zero, relevance goes
 * to inputs in proportion to |w|.
 */
export const imageBox: LayerRule = (layer, amount, context) => {
  const x = layer.input;
  const [low, high] = imageEnds(x, context);
  const nothing = scalar(VANISHING, x.dtype);
  const part = (input: Value, weight: Value): Piece => ({
    input,
    weight,
    forward: layer.forward(input, weight, nothing),
    offset: undefined,
  });
  const parts = [
    part(maximum(sub(x, low), SILENT), relu(layer.weight)),
    part(minimum(sub(x, high), -SILENT), negativePart(layer.weight)),
  ];
  return distribute(layer, parts, div(amount, total(parts)), context, context.summedImage(x) !== undefined);
};

/** A first layer's input for images that have their lowest or highest current value everywhere, the lower first. */
function imageEnds(x: Value, { subject }: Context): readonly [low: Value, high: Value] {
  const images = new Set(
    subject.modalities.flatMap(({ kind, input }) => (kind === "image" ? [subject.graph.inputs.get(input)!] : [])),
  );
  const at = (end: (image: Value) => Value) => {
    if (images.has(x)) return end(x);
    const constants = Array.from(
      images,
      (image) => [image, expand(cast(end(image), image.dtype), image.shape)] as const,
    );
    return substitute([x], new Map(constants))[0]!;
  };
  const [least, greatest] = [
    at((image) => neg(reduceMax(neg(cast(image, "float32"))))),
    at((image) => reduceMax(cast(image, "float32"))),
  ];
  // A negative scale in between swaps them.
  return images.has(x) ? [least, greatest] : [minimum(least, greatest), maximum(least, greatest)];
}
