import { inputGradients } from "../../backward/gradient-table.js";
import { apply } from "../../graph/apply.js";
import { add, mul, scalar } from "../../graph/build.js";
import type { RecogniseLayer } from "../contract/recognise.js";

/**
 * Averages, sums and interpolations: the weights depend only on positions. Computed by the operator and its gradient.
 */
export const average: RecogniseLayer = (node, analysis) => {
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
