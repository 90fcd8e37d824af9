import {
  abs,
  add,
  constant,
  div,
  equal,
  expand,
  less,
  lessOrEqual,
  logicalAnd,
  logicalNot,
  matmul,
  maximum,
  mul,
  neg,
  relu,
  reshape,
  safeDivide,
  scalar,
  square,
  sub,
  sum,
  tensor,
  where,
} from "../graph/build.js";
import { Literal } from "../graph/literal.js";
import { sizeOf } from "../graph/shape.js";
import type { Value } from "../graph/value.js";
import type { Context } from "./context.js";
import { type LinearLayer, linearLayer } from "./linear-layer.js";

/** Relevance of a linear layer's output → relevance of its input, a row axis in front of both. */
export type LayerRule = (layer: LinearLayer, amount: Value, context: Context) => Value;

type InputForm = "x" | "x⁺" | "x⁺ or silent" | "x⁻" | "low" | "high" | "one";
type WeightForm = "w" | "w⁺" | "w⁻" | "−w⁺" | "−w⁻" | "w²" | "one";

/**
 * A rule of the form R_i = Σ_t in_t,i · Σ_j wt_t,ij · R_j / z_j with z_j = Σ_t Σ_i in_t,i · wt_t,ij ≥ 0: terms of
 * modified inputs and weights. Biases take nothing, so it conserves wherever z_j > 0.
 */
type Term = readonly [input: InputForm, weight: WeightForm];

const negativePart = (x: Value): Value => neg(relu(neg(x)));

const WEIGHT: Readonly<Record<WeightForm, (w: Value) => Value>> = {
  w: (w) => w,
  "w⁺": relu,
  "w⁻": negativePart,
  "−w⁺": (w) => neg(relu(w)),
  "−w⁻": (w) => relu(neg(w)),
  "w²": square,
  one: (w) => expand(scalar(1, w.dtype), w.shape),
};

const INPUT: Readonly<
  Record<Exclude<InputForm, "x⁺ or silent" | "low" | "high">, (x: Value, nonNegative: boolean) => Value>
> = {
  x: (x) => x,
  "x⁺": (x, nonNegative) => (nonNegative ? x : relu(x)),
  "x⁻": negativePart,
  one: (x) => expand(scalar(1, x.dtype), x.shape),
};

/**
 * z⁺ takes inputs as at least this: where a unit is active through its bias alone, all inputs silent, its relevance goes
 * to them in proportion to w⁺ (the limit of z⁺ for vanishing equal inputs) and is not lost. Nothing else changes.
 */
const SILENT = 1e-10;
/** Added to denominators, so that 0/0 is 0. */
const VANISHING = 1e-30;
/** Rounding of float32 sums, as a part of what a denominator and its terms can be at most. */
const ROUNDING = 1e-6;

interface Piece {
  /** Broadcasts to the layer's input. */
  readonly input: Value;
  readonly weight: Value;
  /** L(input; weight), in two parts of which the second is constant. */
  readonly forward: Value | undefined;
  readonly offset: Value | undefined;
}

function pieces(layer: LinearLayer, terms: readonly Term[], context: Context): Piece[] {
  // Bounds are absolute, so what is weighed against them is too; other rules see x relative to its reference.
  const reference = terms.some(([form]) => form === "low") ? undefined : context.prefix.reference(layer.input);
  const shifted = reference !== undefined;
  const x = shifted ? sub(layer.input, constant(reference)) : layer.input;
  const nonNegative = !shifted && context.isNonNegative(layer.input);
  return terms.flatMap(([form, weightForm]): Piece[] => {
    if (form === "x⁻" && nonNegative) return [];
    const weight = WEIGHT[weightForm](layer.weight);
    if (form === "x" && weightForm === "w" && !shifted)
      // What the forward pass computed already, less its bias.
      return [{ input: x, weight, forward: layer.output, offset: layer.bias && neg(layer.bias) }];
    if (form === "low" || form === "high") {
      const bound = context.prefix.bounds(layer.input)![form];
      if (bound.numbers().every((value) => value === 0)) return [];
      const { input, forward } = ofBound(layer, bound, weight);
      return [{ input, weight, forward: undefined, offset: forward }];
    }
    const input = form === "x⁺ or silent" ? maximum(beforeRelu(x, context), SILENT) : INPUT[form](x, nonNegative);
    return [{ input, weight, forward: forwardOf(layer, form, x, input, weight, nonNegative), offset: undefined }];
  });
}

/** What a ReLU read, where the backward pass needs it anyway (zB): its positive part is the same. */
function beforeRelu(x: Value, context: Context): Value {
  const before = x.node.op === "Relu" ? x.node.inputs[0]! : undefined;
  const layer = before && linearLayer(before.node, context.analysis);
  return layer && context.prefix.bounds(layer.input) ? before : x;
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
  // What silent inputs add is a constant where windows are whole: then the forward pass's own x serves as input.
  const silence = nonNegative ? layer.uniform?.(scalar(SILENT, x.dtype), weight) : undefined;
  if (silence) return layer.forward(x, weight, add(silence, VANISHING));
  return layer.forward(input, weight, scalar(VANISHING, x.dtype));
}

/** A bound as an input, and what the layer makes of it: small where each channel has one bound. */
function ofBound(
  layer: LinearLayer,
  bound: Literal,
  weight: Value,
): { readonly input: Value; readonly forward: Value } {
  const channels = perChannel(bound);
  const input = channels ?? constant(bound);
  return { input, forward: (channels && layer.uniform?.(channels, weight)) ?? layer.forward(constant(bound), weight) };
}

/** [1, C, 1, …] where a literal is the same everywhere in each channel. */
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
 * Where only the sum over an image's channels is asked, terms whose input is one constant a channel become one term of
 * one channel: their sum.
 */
function poolConstants(layer: LinearLayer, parts: readonly Piece[]): readonly Piece[] {
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

/** z: what depends on the observation, and the constants in one. */
function total(parts: readonly Piece[]): Value {
  const forwards = parts.flatMap(({ forward }) => forward ?? []);
  const offsets = parts.flatMap(({ offset }) => offset ?? []);
  return [...forwards, ...(offsets.length > 0 ? [offsets.reduce(add)] : [])].reduce(add);
}

/** Σ_t in_t ⊙ Lᵀ(s; wt_t) for s [rows, …output]; summed over an image's channels where no more is asked. */
function handBack(layer: LinearLayer, parts: readonly Piece[], s: Value, summed = false): Value {
  const weights = parts.map(({ weight }) => weight);
  return layer
    .adjoints(s, weights)
    .map((back, t) => mul(parts[t]!.input, back))
    .map((share) => (summed ? overChannels(share) : share))
    .reduce(add);
}

/** [rows, 1, C, H, W] → [rows, 1, 1, H, W], as a product with ones: faster than a sum over an outer axis. */
function overChannels(share: Value): Value {
  const [rows, batch, channels, h, w] = share.shape as [number, number, number, number, number];
  if (channels === 1) return share;
  const ones = tensor(share.dtype, [1, channels], new Float32Array(channels).fill(1));
  return reshape(matmul(ones, reshape(share, [rows * batch, channels, h * w])), [rows, batch, 1, h, w]);
}

/**
 * The least that z is taken to be, where terms with bounds and the bias cancel in it: what rounding may leave of them. A
 * filter of one sign has no more than that in a picture that is black or white all over.
 */
function guard(layer: LinearLayer, context: Context): Value {
  const { low, high } = context.prefix.bounds(layer.input)!;
  const lowest = low.numbers();
  const most = high.numbers().map((x, i) => Math.max(Math.abs(x), Math.abs(lowest[i]!)));
  const bound = Literal.from(high.dtype, high.shape, most);
  const sizes = ofBound(layer, bound, abs(layer.weight)).forward;
  return maximum(mul(layer.bias ? add(sizes, abs(layer.bias)) : sizes, ROUNDING), VANISHING);
}

const proportional =
  (terms: readonly Term[]): LayerRule =>
  (layer, amount, context) => {
    const summed = context.summedImage(layer.input) !== undefined;
    const every = pieces(layer, terms, context);
    const parts = summed ? poolConstants(layer, every) : every;
    const z = total(parts);
    const isBounded = terms.some(([input]) => input === "low");
    return handBack(layer, parts, div(amount, isBounded ? maximum(z, guard(layer, context)) : z), summed);
  };

const AGREEING: readonly Term[] = [
  ["x⁺", "w⁺"],
  ["x⁻", "w⁻"],
];
const OPPOSING: readonly Term[] = [
  ["x⁺", "−w⁻"],
  ["x⁻", "−w⁺"],
];

/** z⁺ for inputs of either sign: R_i = Σ_j max(x_i w_ij, 0) / Σ_i' max(x_i' w_i'j, 0) · R_j (001 Eq. 2 with its R_j). */
export const eq2: LayerRule = proportional([
  ["x⁺ or silent", "w⁺"],
  ["x⁻", "w⁻"],
]);

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
 * The torque's own layer (001 Eq. 1): |R_j| goes to the contributions that agree with the sign of R_j, in proportion.
 * Where there are none it goes to the others and the pool is reported empty (methods.md §0.2).
 */
export const eq1: LayerRule = (layer, amount, context) => {
  const agreeing = pieces(layer, AGREEING, context);
  const opposing = pieces(layer, OPPOSING, context);
  const z = { agreeing: total(agreeing), opposing: total(opposing) };
  const negative = less(amount, 0);
  const empty = lessOrEqual(where(negative, z.opposing, z.agreeing), 0);
  context.emptyPools.push(logicalAnd(empty, logicalNot(equal(amount, 0))));
  // The sign asks for the agreeing pool or the opposing one; an empty pool turns to the other.
  const agree = equal(negative, empty);
  const size = abs(amount);
  return add(
    handBack(layer, agreeing, where(agree, safeDivide(size, z.agreeing), 0)),
    handBack(layer, opposing, where(agree, 0, safeDivide(size, z.opposing))),
  );
};
