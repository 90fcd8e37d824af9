import { normalizeAxis, type Shape } from "../shape.js";
import type { TensorType } from "../value.js";
import type { Inference, OperatorSpec } from "./spec.js";

/** The axes that a Reduce… node (opset 18 form: axes as an input) reduces. */
export function reducedAxes(node: Inference): number[] {
  const shape = node.shape(0);
  const axes = node.inputs[1] ? node.ints(1, "axes") : [];
  if (axes.length > 0) return axes.map((axis) => normalizeAxis(node.op, axis, shape));
  return node.int("noop_with_empty_axes", 0) === 1 ? [] : shape.map((_, i) => i);
}

function reduce(node: Inference): TensorType[] {
  const axes = reducedAxes(node);
  const shape: Shape = node.shape(0);
  const keep = node.int("keepdims", 1) === 1;
  return node.typed(keep ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i)));
}

const reduction: OperatorSpec = {
  inputs: [1, 2],
  attributes: { keepdims: "int", noop_with_empty_axes: "int" },
  infer: reduce,
};

/** The position of an extremum along one axis. */
const position: OperatorSpec = {
  inputs: [1, 1],
  attributes: { axis: "int", keepdims: "int", select_last_index: "int" },
  infer: (node) => {
    const shape = node.shape(0);
    const axis = normalizeAxis(node.op, node.int("axis", 0), shape);
    const keep = node.int("keepdims", 1) === 1;
    return [{ dtype: "int64", shape: shape.flatMap((d, i) => (i !== axis ? [d] : keep ? [1] : [])) }];
  },
};

export const REDUCTION: Record<string, OperatorSpec> = {
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceL1: reduction,
  ReduceL2: reduction,
  ReduceSumSquare: reduction,
  ReduceLogSum: reduction,
  ReduceLogSumExp: reduction,
  ArgMax: position,
  ArgMin: position,
};
