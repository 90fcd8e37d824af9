import type { Node, Value } from "../../graph/value.js";
import type { Analysis } from "../network/analysis.js";
import { average } from "./average.js";
import { convolution, transposedConvolution } from "./convolution.js";
import { dense } from "./dense.js";
import { biased, normalised, normalisedLayer, scaled } from "./folded.js";

/**
 * A layer y = L(x; w) + b that relevance rules see: linear in x for a fixed weight and in w for a fixed x.
 * Convolutions and dense layers carry their weights, means, pools and interpolations a weight of one that has no axes.
 */
export interface LinearLayer {
  readonly node: Node;
  readonly input: Value;
  readonly weight: Value;
  /** Broadcasts to the output; undefined where the layer has none. */
  readonly bias: Value | undefined;
  /** L(x; w) + b; behind a normalisation in the layer's units, each output less its own positive factor. */
  readonly output: Value;
  /** Whether a normalisation follows: then an output can be active by what the others are, all its weights against it. */
  readonly isNormalised?: boolean;
  /** What the layer's kind is called in messages. */
  readonly kind: "convolution" | "transposed convolution" | "dense" | "mixture" | "mean";
  /** L(x; w), plus constants that broadcast to one an output channel, for any x and w of these shapes. */
  forward(x: Value, weight: Value, plus?: Value): Value;
  /** L(x; w) for an x that is constant in each channel, [1, C, 1, …] or a scalar, where every window is whole. */
  uniform?(x: Value, weight: Value): Value;
  /** Lᵀ(y; w) for each weight: [rows, …output] → [rows, …input]. */
  adjoints(y: Value, weights: readonly Value[]): readonly Value[];
}

export type RecogniseLayer = (node: Node, analysis: Analysis) => LinearLayer | undefined;

/** The linear layer whose output this node makes, or undefined. */
export const linearLayer = (node: Node, analysis: Analysis): LinearLayer | undefined => analysis.layer(node);

/** The same, not remembered: for the analysis itself. */
export function recogniseLayer(node: Node, analysis: Analysis): LinearLayer | undefined {
  const pattern = analysis.pattern(node);
  if (pattern?.kind === "soft-argmax") return undefined;
  if (pattern?.kind === "normalisation") return normalisedLayer(pattern, analysis);
  return layerByOperator(node, analysis);
}

/** The linear layer that a node is by its operator, whatever it is a part of. */
export const layerByOperator: RecogniseLayer = (node, analysis) => LAYERS[node.op]?.(node, analysis);

const LAYERS: Readonly<Record<string, RecogniseLayer>> = {
  Conv: convolution,
  ConvTranspose: transposedConvolution,
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
  Resize: average,
  CumSum: average,
};
