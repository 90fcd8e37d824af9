import { apply } from "../graph/apply.js";
import {
  add,
  cast,
  div,
  equal,
  exp,
  expand,
  full,
  int64,
  mul,
  neg,
  reshape,
  scalar,
  sign,
  sub,
  sum,
  where,
} from "../graph/build.js";
import { reducedAxes } from "../graph/operators/reduction.js";
import { normalizeAxis, sizeOf } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import { type GradientRule, type GradientTable, gate, inferenceOf, rowsOf } from "./rule.js";
import { expandReduced } from "./structural.js";

/** Rules of reductions along axes. */

const linear =
  (scale: (count: number) => number): GradientRule =>
  (node, g, lead) => [
    () => mul(expandReduced(node, g, lead), scale(sizeOf(node.inputs[0]!.shape) / sizeOf(node.outputs[0]!.shape))),
  ];

/** A reduction's operand, axes and output, the reduced axes kept with extent 1. */
function keeping(node: Node, g: Value, lead: number) {
  const x = node.inputs[0]!;
  const axes = reducedAxes(inferenceOf(node));
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  return { x, axes, y: reshape(node.outputs[0]!, kept), g: reshape(g, [...rowsOf(g, lead), ...kept]) };
}

/** Gradient shared equally among the elements that attain the extremum. */
const extremum: GradientRule = (node, arriving, lead) => [
  () => {
    const { x, axes, y, g } = keeping(node, arriving, lead);
    const winners = cast(equal(x, y), g.dtype);
    return mul(winners, div(g, sum(winners, axes, true)));
  },
];

/** The derivative of the reduction in its operand, times what arrives. */
const pointwise =
  (slope: (x: Value, y: Value, axes: readonly number[]) => Value): GradientRule =>
  (node, arriving, lead) => [
    () => {
      const { x, axes, y, g } = keeping(node, arriving, lead);
      return mul(g, slope(x, y, axes));
    },
  ];

/** The product of all other elements, zeros among them or not. */
function productOfOthers(x: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return full(x.shape, 1, x.dtype);
  const isZero = cast(equal(x, 0), x.dtype);
  const filled = add(x, isZero);
  const zeros = sum(isZero, axes, true);
  const rest = div(apply("ReduceProd", [filled, int64(axes)], { keepdims: 1 }), filled);
  return gate(equal(sub(zeros, isZero), 0), rest);
}

const axisOf = (node: Node): number => {
  const { shape } = node.outputs[0]!;
  return normalizeAxis(node.op, (node.attributes.axis as number | undefined) ?? -1, shape);
};

export const REDUCTION_GRADIENTS: GradientTable = {
  ReduceSum: linear(() => 1),
  ReduceMean: linear((count) => 1 / count),
  ReduceMax: extremum,
  ReduceMin: extremum,
  ReduceProd: pointwise((x, _y, axes) => productOfOthers(x, axes)),
  ReduceL1: pointwise(sign),
  // The length of a zero vector has no gradient.
  ReduceL2: pointwise((x, y) => div(x, where(equal(y, 0), scalar(1, y.dtype), y))),
  ReduceSumSquare: pointwise((x) => mul(x, 2)),
  ReduceLogSum: pointwise((x, y) => expand(exp(neg(y)), x.shape)),
  ReduceLogSumExp: pointwise((x, y) => exp(sub(x, y))),
  Softmax: (node, g, lead) => {
    const y = node.outputs[0]!;
    return [() => mul(y, sub(g, sum(mul(g, y), [axisOf(node) + lead], true)))];
  },
  LogSoftmax: (node, g, lead) => [() => sub(g, mul(exp(node.outputs[0]!), sum(g, [axisOf(node) + lead], true)))],
  /** A cumulative sum's gradient is the cumulative sum from the other end. */
  CumSum: (node, g, lead) => {
    const x = node.inputs[0]!;
    const axis = normalizeAxis("CumSum", node.inputs[1]!.literal!.scalar(), x.shape) + lead;
    const { exclusive = 0, reverse = 0 } = node.attributes as Record<string, number | undefined>;
    return [() => apply("CumSum", [g, scalar(axis, "int64")], { exclusive, reverse: reverse ? 0 : 1 })];
  },
};
