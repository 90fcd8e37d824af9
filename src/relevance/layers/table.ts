import { averages } from "../../backward/resize.js";
import { own } from "../../own.js";
import type { RecogniseLayer } from "../contract/recognise.js";
import { average } from "./average.js";
import { convolution, transposedConvolution } from "./convolution.js";
import { dense } from "./dense.js";
import { biased, normalised, normalisedLayer, scaled } from "./folded.js";
import { inSteps } from "./in-steps.js";

/** As `analysis.layer`, without its cache: for the analysis itself. */
export const recogniseLayer: RecogniseLayer = (node, analysis) => {
  const pattern = analysis.pattern(node);
  if (pattern?.kind === "soft-argmax") return undefined;
  if (pattern?.kind === "normalisation") return normalisedLayer(pattern, analysis);
  return layerByOperator(node, analysis);
};

/** The linear layer that a node is by its operator, even inside a pattern. */
export const layerByOperator: RecogniseLayer = (node, analysis) => own(LAYERS, node.op)?.(node, analysis);

const LAYERS: Readonly<Record<string, RecogniseLayer>> = {
  Conv: inSteps(convolution),
  ConvTranspose: transposedConvolution,
  Gemm: dense,
  MatMul: inSteps(dense),
  BatchNormalization: normalised,
  Mul: scaled,
  Div: scaled,
  Add: biased,
  AveragePool: average,
  GlobalAveragePool: average,
  ReduceMean: average,
  ReduceSum: average,
  Resize: (node, analysis) => (averages(node) ? average(node, analysis) : undefined),
  CumSum: average,
};
