import { add, constant, maximum, mul, neg, scalar, sub, sum } from "../../../graph/build.js";
import { sizeOf } from "../../../graph/shape.js";
import type { Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { LinearLayer } from "../../contract/linear-layer.js";
import { ofBound, VANISHING } from "./bounded-input.js";
import { INPUT, type InputForm, type Term, WEIGHT } from "./forms.js";
import { SILENT } from "./silent-inputs.js";

/** A term evaluated for one layer. */
export interface Piece {
  /** Broadcasts to the layer's input. */
  readonly input: Value;
  readonly weight: Value;
  /** L(input; weight) as the sum of two parts, the second constant. */
  readonly forward: Value | undefined;
  readonly offset: Value | undefined;
}

/** A layer's input relative to its reference. */
export function seenInput(layer: LinearLayer, context: Context): { readonly x: Value; readonly nonNegative: boolean } {
  const reference = context.reference(layer.input);
  const seen = layer.seen ?? layer.input;
  if (reference) return { x: sub(seen, constant(reference)), nonNegative: false };
  return { x: seen, nonNegative: context.isNonNegative(layer.input) };
}

/** A layer's terms, without those that are zero for every observation. */
export function pieces(layer: LinearLayer, terms: readonly Term[], context: Context): Piece[] {
  // Bounds are absolute, so their rules need absolute x; other rules take x relative to its reference.
  const isBounded = terms.some(([form]) => form === "low");
  const seen = layer.seen ?? layer.input;
  const { x, nonNegative } = isBounded
    ? { x: seen, nonNegative: context.isNonNegative(layer.input) }
    : seenInput(layer, context);
  return terms.flatMap(([form, weightForm]): Piece[] => {
    if (form === "x⁻" && nonNegative) return [];
    const weight = typeof weightForm === "string" ? WEIGHT[weightForm](layer.weight) : weightForm(layer.weight);
    if (form === "x" && weightForm === "w" && x === seen)
      // The forward pass has computed this, plus the bias.
      return [{ input: x, weight, forward: layer.output, offset: layer.bias && neg(layer.bias) }];
    if (form === "low" || form === "high") {
      const bound = context.bounds(layer.input)![form];
      if (bound.numbers().every((value) => value === 0)) return [];
      const { input, forward } = ofBound(layer, bound, weight);
      return [{ input, weight, forward: undefined, offset: forward }];
    }
    const input = form === "x⁺ or silent" ? maximum(beforeRelu(x, context), SILENT) : INPUT[form](x, nonNegative);
    return [{ input, weight, forward: forwardOf(layer, form, x, input, weight, nonNegative), offset: undefined }];
  });
}

/** A ReLU's input where the backward pass needs it anyway (zB): its positive part is the same. */
function beforeRelu(x: Value, context: Context): Value {
  const before = x.node.op === "Relu" ? x.node.inputs[0]! : undefined;
  const layer = before && context.analysis.layer(before.node);
  return layer && context.bounds(layer.input) ? before : x;
}

/** L(input; weight), kept off zero where it is a denominator of its own. */
function forwardOf(
  layer: LinearLayer,
  form: InputForm,
  x: Value,
  input: Value,
  weight: Value,
  nonNegative: boolean,
): Value {
  if (form === "one") return layer.forward(input, weight, scalar(VANISHING, x.dtype));
  if (form !== "x⁺ or silent") return layer.forward(input, weight);
  // Where windows are whole, silent inputs add a constant, and the forward pass's x serves as input.
  const silence = nonNegative ? layer.uniform?.(scalar(SILENT, x.dtype), weight) : undefined;
  if (silence) return layer.forward(x, weight, add(silence, VANISHING));
  return layer.forward(input, weight, scalar(VANISHING, x.dtype));
}

/** z: the terms that depend on the observation, plus the constants as one. */
export function total(parts: readonly Piece[]): Value {
  const forwards = parts.flatMap(({ forward }) => forward ?? []);
  const offsets = parts.flatMap(({ offset }) => offset ?? []);
  return [...forwards, ...(offsets.length > 0 ? [offsets.reduce(add)] : [])].reduce(add);
}

/**
 * Joins terms whose input is one constant per channel into one term of one channel, where only the sum over an image's
 * channels is needed.
 */
export function poolConstants(layer: LinearLayer, parts: readonly Piece[]): readonly Piece[] {
  const channels = layer.input.shape[1]!;
  const isPoolable = ({ forward, input, weight }: Piece) =>
    forward === undefined &&
    layer.kind === "convolution" &&
    weight.shape[1] === channels &&
    sizeOf(input.shape) === channels;
  const constants = parts.filter(isPoolable);
  if (constants.length === 0) return parts;
  const weights = constants.map(({ input, weight }) => sum(mul(weight, input), [1], true));
  const offset = constants.map((piece) => piece.offset!).reduce(add);
  const pooled = { input: scalar(1, layer.input.dtype), weight: weights.reduce(add), forward: undefined, offset };
  return [...parts.filter((piece) => !isPoolable(piece)), pooled];
}
