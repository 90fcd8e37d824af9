import { abs, add, constant, maximum, mul, tensor } from "../../../graph/build.js";
import { Literal } from "../../../graph/literal.js";
import { sizeOf } from "../../../graph/shape.js";
import type { Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { LinearLayer } from "../../contract/linear-layer.js";

/** Added to denominators, so that 0/0 is 0. */
export const VANISHING = 1e-30;
/** Rounding of float32 sums, relative to the largest possible value of a denominator's terms. */
export const ROUNDING = 1e-6;

/** A bound as an input, and the layer's output for it; both small where each channel has one bound. */
export function ofBound(
  layer: LinearLayer,
  bound: Literal,
  weight: Value,
): { readonly input: Value; readonly forward: Value } {
  const channels = perChannel(bound);
  const input = channels ?? constant(bound);
  return { input, forward: (channels && layer.uniform?.(channels, weight)) ?? layer.forward(constant(bound), weight) };
}

/** [1, C, 1, …] where a literal is constant in each channel. */
function perChannel(literal: Literal): Value | undefined {
  const channels = literal.shape[1] ?? 1;
  const inner = sizeOf(literal.shape.slice(2));
  const numbers = literal.numbers();
  const uniform = numbers.every((x, i) => x === numbers[Math.floor(i / inner) * inner]);
  if (literal.shape.length < 3 || literal.shape[0] !== 1 || !uniform) return undefined;
  const values = Array.from({ length: channels }, (_, c) => numbers[c * inner]!);
  return tensor(literal.dtype, [1, channels, ...literal.shape.slice(2).map(() => 1)], values);
}

/**
 * Lower bound of z where terms with bounds and the bias cancel in it: the rounding error that may be left. A filter of
 * one sign has no more than that on an image that is all black or all white.
 */
export function guard(layer: LinearLayer, context: Context): Value {
  const { low, high } = context.bounds(layer.input)!;
  const lowest = low.numbers();
  const most = high.numbers().map((x, i) => Math.max(Math.abs(x), Math.abs(lowest[i]!)));
  const bound = Literal.from(high.dtype, high.shape, most);
  const sizes = ofBound(layer, bound, abs(layer.weight)).forward;
  return maximum(mul(layer.bias ? add(sizes, abs(layer.bias)) : sizes, ROUNDING), VANISHING);
}
