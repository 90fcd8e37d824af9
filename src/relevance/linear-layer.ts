import { convInputAdjoint, geometryOf } from "../backward/convolution.js";
import { averagePoolAdjoint } from "../backward/pooling.js";
import { expandReduced, sumToShape } from "../backward/structural.js";
import { apply } from "../graph/apply.js";
import {
  abs,
  add,
  concat,
  conv,
  div,
  expand,
  matmul,
  matrixTranspose,
  maximum,
  mul,
  reshape,
  scalar,
  split,
  sqrt,
  sub,
  sum,
  tensor,
} from "../graph/build.js";
import { constantOf } from "../graph/fold.js";
import { type Shape, sizeOf } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import type { Analysis } from "./analysis.js";
import { mixtureOf } from "./composites/attention.js";
import type { Normalisation } from "./composites/composite.js";

/**
 * A layer y = L(x; w) + b that relevance rules see: linear in x for a fixed weight and in w for a fixed x.
 * Convolutions and dense layers carry their weights, means and average pools a weight of one that has no axes.
 */
export interface LinearLayer {
  readonly node: Node;
  readonly input: Value;
  readonly weight: Value;
  /** Broadcasts to the output; undefined where the layer has none. */
  readonly bias: Value | undefined;
  /** L(x; w) + b; behind a normalisation in the layer's units, each output less its own positive factor. */
  readonly output: Value;
  /** What the layer's kind is called in messages. */
  readonly kind: "convolution" | "dense" | "mixture" | "mean";
  /** L(x; w), plus constants that broadcast to one an output channel, for any x and w of these shapes. */
  forward(x: Value, weight: Value, plus?: Value): Value;
  /** L(x; w) for an x that is constant in each channel, [1, C, 1, …] or a scalar, where every window is whole. */
  uniform?(x: Value, weight: Value): Value;
  /** Lᵀ(y; w) for each weight: [rows, …output] → [rows, …input]. */
  adjoints(y: Value, weights: readonly Value[]): readonly Value[];
}

type Recognise = (node: Node, analysis: Analysis) => LinearLayer | undefined;

/** The linear layer whose output this node makes, or undefined. */
export const linearLayer = (node: Node, analysis: Analysis): LinearLayer | undefined => analysis.layer(node);

/** The same, not remembered: for the analysis itself. */
export function recogniseLayer(node: Node, analysis: Analysis): LinearLayer | undefined {
  const composite = analysis.composite(node);
  if (composite?.kind === "soft-argmax") return undefined;
  if (composite?.kind === "normalisation") return normalisedLayer(composite, analysis);
  return layerByOperator(node, analysis);
}

/** The linear layer that a node is by its operator, whatever it is a part of. */
export const layerByOperator: Recognise = (node, analysis) => LAYERS[node.op]?.(node, analysis);

const convolution: Recognise = (node, analysis) => {
  const [input, weight, bias] = node.inputs as readonly [Value, Value, Value?];
  if (analysis.isDependent(weight) || !analysis.isDependent(input)) return undefined;
  const output = node.outputs[0]!;
  const geometry = geometryOf(node);
  const channelwise = (b: Value) => reshape(b, [1, b.shape[0]!, ...output.shape.slice(2).map(() => 1)]);
  return {
    node,
    input,
    weight,
    bias: bias && channelwise(bias),
    output,
    kind: "convolution",
    forward: (x, w, plus) => conv(x, w, geometry, plus && expand(reshape(plus, [-1]), [w.shape[0]!])),
    ...(geometry.group === 1 && geometry.pads.every((p) => p === 0) && { uniform: channelSums }),
    adjoints: (y, weights) => {
      const [rows, batch, ...rest] = y.shape as [number, number, ...number[]];
      const flat = reshape(y, [rows * batch, ...rest]);
      const back = (w: Value) => {
        const value = convInputAdjoint(flat, w, input.shape.slice(2), geometry);
        return reshape(value, [rows, batch, ...value.shape.slice(1)]);
      };
      if (geometry.group > 1 || weights.length === 1) return weights.map(back);
      // One pass over y for all weights: their input channels side by side.
      const channels = weights.map((w) => w.shape[1]!);
      return split(back(concat(weights, 1)), 2, channels);
    },
  };
};

/** [1, C, 1, …] and [K, C, …kernel] → [1, K, 1, …]: every window sees the same. */
function channelSums(x: Value, weight: Value): Value {
  const axes = weight.shape.map((_, i) => i).slice(1);
  return reshape(sum(mul(weight, x), axes), [1, weight.shape[0]!, ...axes.slice(1).map(() => 1)]);
}

const dense: Recognise = (node, analysis) => {
  const [a, b, c] = node.inputs as readonly [Value, Value, Value?];
  const attributes = node.attributes as Record<string, number | undefined>;
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = attributes;
  if (analysis.isDependent(b)) return mixture(node, analysis);
  if (!analysis.isDependent(a) || transA || a.shape.length < 2 || b.shape.length < 2) return undefined;
  const plain = transB ? matrixTranspose(b) : b;
  return {
    node,
    input: a,
    weight: alpha === 1 ? plain : mul(plain, alpha),
    bias: c && (beta === 1 ? c : mul(c, beta)),
    output: node.outputs[0]!,
    kind: "dense",
    forward: (x, w, plus) => (plus ? add(matmul(x, w), plus) : matmul(x, w)),
    adjoints: (y, weights) => weights.map((w) => matmul(y, matrixTranspose(w))),
  };
};

/**
 * Weights on the left: constants, or those of attention, which are taken as given (CP-LRP, Ali et al., ICML 2022): what
 * is attended to goes to the values, nothing to queries and keys.
 */
const mixture: Recognise = (node, analysis) => {
  if (node.op !== "MatMul") return undefined;
  const [weight, input] = node.inputs as readonly [Value, Value];
  if (!analysis.isDependent(input) || weight.shape.length < 2 || input.shape.length < 2) return undefined;
  if (analysis.isDependent(weight) && !mixtureOf(node, analysis)) return undefined;
  return {
    node,
    input,
    weight,
    bias: undefined,
    output: node.outputs[0]!,
    kind: "mixture",
    forward: (x, w, plus) => (plus ? add(matmul(w, x), plus) : matmul(w, x)),
    adjoints: (y, weights) => weights.map((w) => sumToShape(matmul(matrixTranspose(w), y), input.shape, 1)),
  };
};

/** Averages and sums: a linear layer of equal weights. */
const average: Recognise = (node, analysis) => {
  const input = node.inputs[0]!;
  if (!analysis.isDependent(input)) return undefined;
  const reduces = node.op.startsWith("Reduce");
  const count = node.op === "ReduceMean" ? sizeOf(input.shape) / sizeOf(node.outputs[0]!.shape) : 1;
  return {
    node,
    input,
    weight: scalar(1, input.dtype),
    bias: undefined,
    output: node.outputs[0]!,
    kind: "mean",
    forward: (x, w, plus) => {
      const y = mul(apply(node.op, [x, ...node.inputs.slice(1)], node.attributes), w);
      return plus ? add(y, plus) : y;
    },
    adjoints: (y, weights) => {
      const spread = () => {
        if (reduces) return div(expandReduced(node, y, 1), count);
        const [rows, batch, ...rest] = y.shape as [number, number, ...number[]];
        const back = averagePoolAdjoint(node, reshape(y, [rows * batch, ...rest]));
        return reshape(back, [rows, batch, ...back.shape.slice(1)]);
      };
      return weights.map((w) => mul(spread(), w));
    },
  };
};

/** A layer's own constants, one an output channel: [K] for any layer, or undefined where a constant is no such thing. */
function perOutput(layer: LinearLayer, constant: Value): Value | undefined {
  const axis = channelAxis(layer);
  const channels = layer.output.shape[axis]!;
  const size = sizeOf(constant.shape);
  const place = constant.shape.length - (layer.output.shape.length - axis);
  if (size === 1) return reshape(constant, [1]);
  return size === channels && constant.shape[place] === channels ? reshape(constant, [channels]) : undefined;
}

/** The layer that ends at a node, where its weight has an axis of output channels that constants behind it fold into. */
function foldable(node: Node, analysis: Analysis): LinearLayer | undefined {
  const layer = analysis.composite(node) ? undefined : analysis.layer(node);
  return layer && (layer.kind === "convolution" || layer.kind === "dense") ? layer : undefined;
}

const channelAxis = ({ kind, output }: LinearLayer) => (kind === "convolution" ? 1 : output.shape.length - 1);
const along = (shape: Shape, axis: number, value: Value) =>
  reshape(
    value,
    shape.map((_, i) => (i === axis ? sizeOf(value.shape) : 1)),
  );

/** The layer followed by y·factor + offset, both one an output channel, as one layer whose output `node` makes. */
function affine(layer: LinearLayer, node: Node, factor: Value | undefined, offset: Value | undefined): LinearLayer {
  const { weight, bias, output } = layer;
  const onOutput = (value: Value) => along(output.shape, channelAxis(layer), value);
  const scaled = factor && bias ? mul(bias, onOutput(factor)) : bias;
  const shift = offset && onOutput(offset);
  const weightAxis = layer.kind === "convolution" ? 0 : weight.shape.length - 1;
  return {
    ...layer,
    node,
    output: node.outputs[0]!,
    weight: factor ? mul(weight, along(weight.shape, weightAxis, factor)) : weight,
    bias: scaled && shift ? add(scaled, shift) : (scaled ?? shift),
  };
}

/** The convolution or dense layer that a node's dynamic operand comes from, and the constant operand. */
function behindConstant(node: Node, analysis: Analysis) {
  const [a, b] = node.inputs as readonly [Value, Value];
  const first = analysis.isDependent(a);
  if (first === analysis.isDependent(b)) return undefined;
  const inner = foldable((first ? a : b).node, analysis);
  const value = inner && perOutput(inner, first ? b : a);
  return value && { inner: inner!, value, first };
}

/** A layer with the BatchNormalization behind it folded in (zennit's MergeBatchNorm). */
const normalised: Recognise = (node, analysis) => {
  const [x, scale, shift, mean, variance] = node.inputs as readonly Value[];
  const inner = foldable(x!.node, analysis);
  if (!inner) return undefined;
  const epsilon = scalar((node.attributes.epsilon as number | undefined) ?? 1e-5, x!.dtype);
  const factor = div(scale!, sqrt(add(variance!, epsilon)));
  return affine(inner, node, factor, sub(shift!, mul(mean!, factor)));
};

/** A layer times one constant an output channel: its sign decides which weights are positive. */
const scaled: Recognise = (node, analysis) => {
  const found = behindConstant(node, analysis);
  if (!found || (node.op === "Div" && !found.first)) return undefined;
  return affine(found.inner, node, node.op === "Div" ? div(1, found.value) : found.value, undefined);
};

/** A layer plus one constant an output channel: a bias that the exporter wrote apart. */
const biased: Recognise = (node, analysis) => {
  const found = behindConstant(node, analysis);
  return found && affine(found.inner, node, undefined, found.value);
};

/**
 * A layer with the normalisation behind it. Rules whose contributions are weighed against one another do not see a
 * positive factor of an output: of scale and statistics only the scale's sign is folded into the weight. The mean and
 * the shift count as bias (methods.md §2.2).
 */
function normalisedLayer(norm: Normalisation, analysis: Analysis): LinearLayer | undefined {
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
  return { ...folded, output: whole, bias: sub(whole, mul(linear, onOutput(signs))) };
}

const signOf = (x: number) => (x < 0 ? -1 : 1);

const LAYERS: Readonly<Record<string, Recognise>> = {
  Conv: convolution,
  Gemm: dense,
  MatMul: dense,
  BatchNormalization: normalised,
  Mul: scaled,
  Div: scaled,
  Add: biased,
  AveragePool: average,
  GlobalAveragePool: average,
  ReduceMean: average,
  ReduceSum: average,
};
