import { abs, greater, mul, reduceMax, where } from "../../../graph/build.js";
import { constantOf } from "../../../graph/fold.js";
import { sizeOf } from "../../../graph/shape.js";
import type { Value } from "../../../graph/value.js";
import type { LinearLayer } from "../../contract/linear-layer.js";
import { outputAxis } from "../../layers/folded.js";

/**
 * Lower bound of inputs in z⁺: where a unit is active only through its bias and all inputs are zero, its relevance goes
 * to them in proportion to w⁺ (the limit of z⁺ for vanishing equal inputs) and is not lost. Nothing else changes.
 */
export const SILENT = 1e-10;

/**
 * Factor of |w| for a unit that a normalisation made active although it has no positive weight: so small that it counts
 * only where nothing else contributes.
 */
const AGAINST = 1e-10;

/** w⁺, or a small part of |w| for outputs without a positive weight. */
export function orAgainst(layer: LinearLayer, positive: Value): Value {
  const axis = layer.isNormalised ? outputAxis(layer) : undefined;
  const { weight } = layer;
  if (axis === undefined || (weight.literal && everyOutputHasPositive(weight, axis))) return positive;
  const others = weight.shape.flatMap((_, i) => (i === axis ? [] : [i]));
  return where(greater(reduceMax(weight, others, true), 0), positive, mul(abs(weight), AGAINST));
}

/** Largest weight that is searched for outputs without a positive one; larger ones hardly ever have any. */
const MOST_SEARCHED = 2 ** 20;

/**
 * The loss of z⁺ at a layer: an output without a positive weight has no input to give to if its bias makes it active.
 */
export function lossOfZPlus(layer: LinearLayer): string | undefined {
  const axis = layer.isNormalised || !layer.bias ? undefined : outputAxis(layer);
  if (axis === undefined || sizeOf(layer.weight.shape) > MOST_SEARCHED) return undefined;
  const literal = constantOf(layer.weight);
  if (!literal || everyOutputHasPositive({ literal, shape: layer.weight.shape }, axis)) return undefined;
  return "outputs without a positive weight lose their relevance where only their bias makes them active";
}

function everyOutputHasPositive({ literal, shape }: Pick<Value, "literal" | "shape">, axis: number): boolean {
  const inner = sizeOf(shape.slice(axis + 1));
  const has = new Uint8Array(shape[axis]!);
  literal!.numbers().forEach((w, i) => {
    if (w > 0) has[Math.floor(i / inner) % has.length] = 1;
  });
  return has.every((x) => x === 1);
}
