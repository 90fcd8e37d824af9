import { abs, greater, mul, reduceMax, where } from "../../../graph/build.js";
import { constantOf } from "../../../graph/fold.js";
import { sizeOf } from "../../../graph/shape.js";
import type { Value } from "../../../graph/value.js";
import type { LinearLayer } from "../../contract/linear-layer.js";
import { outputAxis } from "../../layers/folded.js";

/**
 * z⁺ takes inputs as at least this: where a unit is active through its bias alone, all inputs silent, its relevance goes
 * to them in proportion to w⁺ (the limit of z⁺ for vanishing equal inputs) and is not lost. Nothing else changes.
 */
export const SILENT = 1e-10;

/**
 * A unit that a normalisation made active although it has no positive weight hands to all its inputs by |w|, so little
 * that it counts only where nothing else contributes.
 */
const AGAINST = 1e-10;

/** w⁺, or a little of |w| for the outputs that have none. */
export function orAgainst(layer: LinearLayer, positive: Value): Value {
  const axis = layer.isNormalised ? outputAxis(layer) : undefined;
  const { weight } = layer;
  if (axis === undefined || (weight.literal && everyOutputHasPositive(weight, axis))) return positive;
  const others = weight.shape.flatMap((_, i) => (i === axis ? [] : [i]));
  return where(greater(reduceMax(weight, others, true), 0), positive, mul(abs(weight), AGAINST));
}

/** Weights that are not searched for outputs without a positive one: there hardly is any among so many. */
const MOST_SEARCHED = 2 ** 20;

/** What z⁺ loses at a layer: outputs without a positive weight have no one to hand to when their bias makes them active. */
export function lossOfZPlus(layer: LinearLayer): string | undefined {
  const axis = layer.isNormalised || !layer.bias ? undefined : outputAxis(layer);
  if (axis === undefined || sizeOf(layer.weight.shape) > MOST_SEARCHED) return undefined;
  const literal = constantOf(layer.weight);
  if (!literal || everyOutputHasPositive({ literal, shape: layer.weight.shape }, axis)) return undefined;
  return "outputs without a positive weight hand nothing on where their bias alone makes them active";
}

function everyOutputHasPositive({ literal, shape }: Pick<Value, "literal" | "shape">, axis: number): boolean {
  const inner = sizeOf(shape.slice(axis + 1));
  const has = new Uint8Array(shape[axis]!);
  literal!.numbers().forEach((w, i) => {
    if (w > 0) has[Math.floor(i / inner) % has.length] = 1;
  });
  return has.every((x) => x === 1);
}
