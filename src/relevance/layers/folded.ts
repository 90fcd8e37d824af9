import { abs, add, div, maximum, mul, reshape, scalar, sqrt, sub, tensor } from "../../graph/build.js";
import { constantOf } from "../../graph/fold.js";
import { type Shape, sizeOf } from "../../graph/shape.js";
import type { Node, Value } from "../../graph/value.js";
import type { Analysis } from "../contract/facts.js";
import type { LinearLayer } from "../contract/linear-layer.js";
import type { Normalisation } from "../contract/pattern.js";
import type { RecogniseLayer } from "../contract/recognise.js";
import { withoutStep } from "./in-steps.js";

/** Layers with the constants or normalisations after them folded in. */

/** A constant as one number per output channel, [K], or undefined where it has another shape. */
function perOutput(layer: LinearLayer, constant: Value): Value | undefined {
  const axis = channelAxis(layer);
  const channels = layer.output.shape[axis]!;
  const size = sizeOf(constant.shape);
  const place = constant.shape.length - (layer.output.shape.length - axis);
  if (size === 1) return reshape(constant, [1]);
  return size === channels && constant.shape[place] === channels ? reshape(constant, [channels]) : undefined;
}

/** The layer that ends at a node, where its weight has an axis of output channels to fold constants into. */
function foldable(node: Node, analysis: Analysis): LinearLayer | undefined {
  const layer = analysis.pattern(node) ? undefined : analysis.layer(node);
  return layer && outputAxis(layer) !== undefined ? layer : undefined;
}

/** The axis of a layer's weight that holds its output channels, where it has one. */
function outputAxis(layer: LinearLayer): number | undefined {
  const axis = WEIGHT_AXES[layer.kind]?.(layer.weight.shape.length);
  return axis !== undefined && layer.weight.shape[axis] === layer.output.shape[channelAxis(layer)] ? axis : undefined;
}

/** The axis of output channels in a weight of this rank. */
const WEIGHT_AXES: Partial<Record<LinearLayer["kind"], (rank: number) => number>> = {
  convolution: () => 0,
  "transposed convolution": () => 1,
  dense: (rank) => rank - 1,
};

const channelAxis = ({ kind, output }: LinearLayer) => (kind === "dense" ? output.shape.length - 1 : 1);
const along = (shape: Shape, axis: number, value: Value) =>
  reshape(
    value,
    shape.map((_, i) => (i === axis ? sizeOf(value.shape) : 1)),
  );

/** The layer followed by y·factor + offset, both one per output channel, as one layer whose output `node` makes. */
function affine(layer: LinearLayer, node: Node, factor: Value | undefined, offset: Value | undefined): LinearLayer {
  const { weight, bias, output } = layer;
  const onOutput = (value: Value) => along(output.shape, channelAxis(layer), value);
  const scaled = factor && bias ? mul(bias, onOutput(factor)) : bias;
  const shift = offset && onOutput(offset);
  const weightAxis = outputAxis(layer)!;
  return {
    ...layer,
    step: undefined,
    node,
    output: node.outputs[0]!,
    weight: factor ? mul(weight, along(weight.shape, weightAxis, factor)) : weight,
    bias: scaled && shift ? add(scaled, shift) : (scaled ?? shift),
  };
}

/** The layer that makes a node's dynamic operand, and the constant operand. */
function behindConstant(node: Node, analysis: Analysis) {
  const [a, b] = node.inputs as readonly [Value, Value];
  const first = analysis.isDependent(a);
  if (first === analysis.isDependent(b)) return undefined;
  const inner = foldable((first ? a : b).node, analysis);
  const constant = first ? b : a;
  const value = inner && perOutput(inner, node.op === "Mul" ? withoutStep(inner, constant) : constant);
  return value && { inner: inner!, value, first };
}

/** A layer with the BatchNormalization after it folded in (Zennit's MergeBatchNorm). */
export const normalised: RecogniseLayer = (node, analysis) => {
  const [x, scale, shift, mean, variance] = node.inputs as readonly Value[];
  const inner = foldable(x!.node, analysis);
  if (!inner) return undefined;
  const epsilon = scalar((node.attributes.epsilon as number | undefined) ?? 1e-5, x!.dtype);
  const factor = div(scale!, sqrt(add(variance!, epsilon)));
  return affine(inner, node, factor, sub(shift!, mul(mean!, factor)));
};

/** A layer times one constant per output channel: its sign decides which weights are positive. */
export const scaled: RecogniseLayer = (node, analysis) => {
  const found = behindConstant(node, analysis);
  if (!found || (node.op === "Div" && !found.first)) return undefined;
  return affine(found.inner, node, node.op === "Div" ? div(1, found.value) : found.value, undefined);
};

/** A layer plus one constant per output channel: a bias that the exporter wrote separately. */
export const biased: RecogniseLayer = (node, analysis) => {
  const found = behindConstant(node, analysis);
  return found && affine(found.inner, node, undefined, found.value);
};

/**
 * A layer with the normalisation after it. Rules that weigh contributions to an output against each other are
 * independent of a positive factor of this output, so only the sign of the scale is folded into the weight. The mean
 * and the shift count as bias (methods.md §2.2).
 */
export function normalisedLayer(norm: Normalisation, analysis: Analysis): LinearLayer | undefined {
  const inner = foldable(norm.source.node, analysis);
  if (inner?.output !== norm.source) return undefined;
  const { output } = inner;
  const gain = norm.scale ?? scalar(1, output.dtype);
  const channels = perOutput(inner, gain);
  const literal = channels && constantOf(channels);
  if (!channels || !literal) return undefined;
  const signs = tensor(output.dtype, channels.shape, literal.numbers().map(signOf));
  const onOutput = (value: Value) => along(output.shape, channelAxis(inner), value);
  const folded = affine(inner, norm.node, signs, undefined);
  const linear = inner.bias ? sub(output, inner.bias) : output;
  const centred = mul(norm.centred(), onOutput(signs));
  const size = maximum(abs(gain), 1e-12);
  const whole = norm.shift ? add(centred, div(mul(norm.shift, norm.deviation()), size)) : centred;
  return { ...folded, isNormalised: true, output: whole, bias: sub(whole, mul(linear, onOutput(signs))) };
}

const signOf = (x: number) => (x < 0 ? -1 : 1);
