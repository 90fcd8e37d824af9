import {
  abs,
  add,
  concat,
  constant,
  expand,
  greater,
  matmul,
  maximum,
  mul,
  neg,
  reduceMax,
  relu,
  reshape,
  scalar,
  square,
  sub,
  tensor,
  where,
} from "../../../graph/build.js";
import { constantOf } from "../../../graph/fold.js";
import { sizeOf } from "../../../graph/shape.js";
import type { Value } from "../../../graph/value.js";
import { outputAxis } from "../../layers/folded.js";
import { type LinearLayer, linearLayer } from "../../layers/linear-layer.js";
import type { Context } from "../../network/context.js";
import { ofBound, VANISHING } from "./bounded-input.js";

/** Relevance of a linear layer's output → relevance of its input, a row axis in front of both. */
export type LayerRule = (layer: LinearLayer, amount: Value, context: Context) => Value;

export type InputForm = "x" | "x⁺" | "x⁺ or silent" | "x⁻" | "|x|" | "low" | "high" | "one";
export type WeightForm = "w" | "w⁺" | "w⁻" | "−w⁺" | "−w⁻" | "|w|" | "w²" | "one" | ((w: Value) => Value);

/**
 * A term of a pool: modified inputs in_t and weights wt_t. A pool's z_j = Σ_t L(in_t; wt_t)_j, and for s_j (relevance
 * over z_j in one way or another) it hands back R_i = Σ_t in_t,i · Lᵀ(s; wt_t)_i.
 */
export type Term = readonly [input: InputForm, weight: WeightForm];

/** Contributions above zero: p = max(xw, 0). */
export const AGREEING: readonly Term[] = [
  ["x⁺", "w⁺"],
  ["x⁻", "w⁻"],
];
/** The sizes of those below zero: n = max(−xw, 0). */
export const OPPOSING: readonly Term[] = [
  ["x⁺", "−w⁻"],
  ["x⁻", "−w⁺"],
];

export const positivePart = relu;
export const negativePart = (x: Value): Value => neg(relu(neg(x)));

const WEIGHT: Readonly<Record<Extract<WeightForm, string>, (w: Value) => Value>> = {
  w: (w) => w,
  "w⁺": positivePart,
  "w⁻": negativePart,
  "−w⁺": (w) => neg(relu(w)),
  "−w⁻": (w) => relu(neg(w)),
  "|w|": abs,
  "w²": square,
  one: (w) => expand(scalar(1, w.dtype), w.shape),
};

const INPUT: Readonly<
  Record<Exclude<InputForm, "x⁺ or silent" | "low" | "high">, (x: Value, nonNegative: boolean) => Value>
> = {
  x: (x) => x,
  "x⁺": (x, nonNegative) => (nonNegative ? x : relu(x)),
  "x⁻": negativePart,
  "|x|": (x, nonNegative) => (nonNegative ? x : abs(x)),
  one: (x) => expand(scalar(1, x.dtype), x.shape),
};

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
function orAgainst(layer: LinearLayer, positive: Value): Value {
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

/** A term of one layer. */
export interface Piece {
  /** Broadcasts to the layer's input. */
  readonly input: Value;
  readonly weight: Value;
  /** L(input; weight), in two parts of which the second is constant. */
  readonly forward: Value | undefined;
  readonly offset: Value | undefined;
}

/** A layer's input as rules see it: relative to its reference. */
export function seenInput(layer: LinearLayer, context: Context): { readonly x: Value; readonly nonNegative: boolean } {
  const reference = context.prefix.reference(layer.input);
  if (reference) return { x: sub(layer.input, constant(reference)), nonNegative: false };
  return { x: layer.input, nonNegative: context.isNonNegative(layer.input) };
}

/** A layer's terms; those that are zero for every observation are left out. */
export function pieces(layer: LinearLayer, terms: readonly Term[], context: Context): Piece[] {
  // Bounds are absolute, so what is weighed against them is too; other rules see x relative to its reference.
  const isBounded = terms.some(([form]) => form === "low");
  const { x, nonNegative } = isBounded
    ? { x: layer.input, nonNegative: context.isNonNegative(layer.input) }
    : seenInput(layer, context);
  return terms.flatMap(([form, weightForm]): Piece[] => {
    if (form === "x⁻" && nonNegative) return [];
    const plain = typeof weightForm === "string" ? WEIGHT[weightForm](layer.weight) : weightForm(layer.weight);
    const weight = form === "x⁺ or silent" ? orAgainst(layer, plain) : plain;
    if (form === "x" && weightForm === "w" && x === layer.input)
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

/** z: what depends on the observation, and the constants in one. */
export function total(parts: readonly Piece[]): Value {
  const forwards = parts.flatMap(({ forward }) => forward ?? []);
  const offsets = parts.flatMap(({ offset }) => offset ?? []);
  return [...forwards, ...(offsets.length > 0 ? [offsets.reduce(add)] : [])].reduce(add);
}

/** Σ_t in_t ⊙ Lᵀ(s; wt_t) for s [rows, …output]; summed over an image's channels where no more is asked. */
export function handBack(layer: LinearLayer, parts: readonly Piece[], s: Value, summed = false): Value {
  const weights = parts.map(({ weight }) => weight);
  return layer
    .adjoints(s, weights)
    .map((back, t) => mul(parts[t]!.input, back))
    .map((share) => (summed ? overChannels(share) : share))
    .reduce(add);
}

/** A pool's terms, and relevance over its z in one way or another. */
export type Share = readonly [parts: readonly Piece[], s: Value];

/** Channels that a convolution computes at once: it takes as long for 17 of them as for 32. */
const LANES = 16;

/**
 * Σ_p handBack(layer, parts_p, s_p) for pools whose terms have the same inputs. Where the outputs of one leave lanes
 * empty, all stand side by side as those of one layer.
 */
export function handBackSum(layer: LinearLayer, pools: readonly Share[], summed = false): Value {
  if (pools.length === 1 || !leavesLanes(layer))
    return pools.map(([parts, s]) => handBack(layer, parts, s, summed)).reduce(add);
  const joined = pools[0]![0].map((piece, t) => ({
    ...piece,
    weight: concat(
      pools.map(([parts]) => parts[t]!.weight),
      0,
    ),
  }));
  const amounts = concat(
    pools.map(([, s]) => s),
    2,
  );
  return handBack(layer, joined, amounts, summed);
}

/** Whether a convolution's outputs do not fill the lanes. Groups have their own, which cannot stand side by side. */
function leavesLanes({ kind, weight, input }: LinearLayer): boolean {
  const [outputs, channels] = weight.shape;
  return kind === "convolution" && channels === input.shape[1] && outputs! % LANES !== 0;
}

/** [rows, 1, C, H, W] → [rows, 1, 1, H, W], as a product with ones: faster than a sum over an outer axis. */
function overChannels(share: Value): Value {
  const [rows, batch, channels, h, w] = share.shape as [number, number, number, number, number];
  if (channels === 1) return share;
  const ones = tensor(share.dtype, [1, channels], new Float32Array(channels).fill(1));
  return reshape(matmul(ones, reshape(share, [rows * batch, channels, h * w])), [rows, batch, 1, h, w]);
}
