import { cast, div, equal, mul, reshape, sub, sum } from "../graph/build.js";
import { reducedAxes } from "../graph/operators/reduction.js";
import { normalizeAxis, sizeOf } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import { type GradientRule, type GradientTable, inferenceOf, rowsOf } from "./rule.js";
import { expandReduced } from "./structural.js";

/** Rules of operators that gather along axes. */

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

export const REDUCTION_GRADIENTS: GradientTable = {
  ReduceSum: linear(() => 1),
  ReduceMean: linear((count) => 1 / count),
  ReduceMax: extremum,
  Softmax: (node, g, lead) => {
    const y = node.outputs[0]!;
    const axis = normalizeAxis("Softmax", (node.attributes.axis as number | undefined) ?? -1, y.shape);
    return [() => mul(y, sub(g, sum(mul(g, y), [axis + lead], true)))];
  },
};
