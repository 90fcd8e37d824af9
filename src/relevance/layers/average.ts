import { inputGradients } from "../../backward/gradient-table.js";
import { averagePoolAdjoint } from "../../backward/pooling.js";
import { expandReduced } from "../../backward/structural.js";
import { apply } from "../../graph/apply.js";
import { add, div, mul, reshape, scalar } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { RecogniseLayer } from "../linear-layer.js";

/** Averages and sums: a linear layer of equal weights. */
export const average: RecogniseLayer = (node, analysis) => {
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

/** Weights that depend on places alone, such as those of an interpolation: the operator itself, and its gradient. */
export const interpolation: RecogniseLayer = (node, analysis) => {
  const input = node.inputs[0]!;
  if (!analysis.isDependent(input)) return undefined;
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
    adjoints: (y, weights) => weights.map((w) => mul(inputGradients(node, [y], 1)[0]!(), w)),
  };
};
