import { sumToShape } from "../../backward/structural.js";
import { add, matmul, matrixTranspose, mul } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { RecogniseLayer } from "../contract/recognise.js";
import { mixtureOf } from "../patterns/attention.js";

export const dense: RecogniseLayer = (node, analysis) => {
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
 * Weights on the left: constants, or the weights of attention, which count as constants (CP-LRP, Ali et al., ICML
 * 2022): relevance goes to the values, none to queries and keys.
 */
const mixture: RecogniseLayer = (node, analysis) => {
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
