import { add, div, mean, mul, reshape, scalar, sqrt, square, sub } from "../graph/build.js";
import { normalizeAxis, type Shape, sizeOf } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import { type GradientRule, type GradientTable, rowsOf } from "./rule.js";
import { sumToShape } from "./structural.js";

/** Rules of normalisations by the statistics of their input: y = x̂·scale + bias, x̂ = (x − mean)/√(var + ε). */

const epsilonOf = (node: Node): number => (node.attributes.epsilon as number | undefined) ?? 1e-5;

/** x̂ and 1/√(var + ε) over `axes`; not centred for a root mean square. */
function normalized(x: Value, axes: readonly number[], epsilon: number, centred: boolean) {
  const deviation = centred ? sub(x, mean(x, axes, true)) : x;
  const inverse = div(1, sqrt(add(mean(square(deviation), axes, true), scalar(epsilon, x.dtype))));
  return { unit: mul(deviation, inverse), inverse };
}

/** The gradient of x for ĝ at x̂, with `lead` more axes in front: (ĝ − mean ĝ − x̂·mean(ĝ·x̂))/√(var + ε). */
function throughStatistics(
  x: Value,
  axes: readonly number[],
  node: Node,
  centred: boolean,
  arriving: Value,
  lead: number,
): Value {
  const { unit, inverse } = normalized(x, axes, epsilonOf(node), centred);
  const behind = axes.map((axis) => axis + lead);
  const along = mul(unit, mean(mul(arriving, unit), behind, true));
  const across = centred ? sub(arriving, mean(arriving, behind, true)) : arriving;
  return mul(sub(across, along), inverse);
}

/** Over all axes from `axis` on; scale and bias broadcast to those. */
const overLastAxes =
  (centred: boolean): GradientRule =>
  (node, g, lead) => {
    const [x, scale, bias] = node.inputs as readonly [Value, Value, Value?];
    const from = normalizeAxis(node.op, (node.attributes.axis as number | undefined) ?? -1, x.shape);
    const axes = x.shape.flatMap((_, i) => (i < from ? [] : [i]));
    return [
      () => throughStatistics(x, axes, node, centred, mul(g, scale), lead),
      () => sumToShape(mul(g, normalized(x, axes, epsilonOf(node), centred).unit), scale.shape, lead),
      bias && (() => sumToShape(g, bias.shape, lead)),
    ];
  };

/**
 * Channels in groups, each normalised with its pixels; scale and bias one per channel (or, before opset 21, a group).
 */
const overGroups =
  (groupsOf: (node: Node) => number): GradientRule =>
  (node, g, lead) => {
    const [x, scale, bias] = node.inputs as readonly [Value, Value, Value];
    const [n, c, ...spatial] = x.shape as [number, number, ...number[]];
    const groups = groupsOf(node);
    const split: Shape = [n, groups, c / groups, ...spatial];
    const axes = split.flatMap((_, i) => (i < 2 ? [] : [i]));
    const grouped = reshape(x, split);
    const rows = rowsOf(g, lead);
    const arriving = reshape(g, [...rows, ...split]);
    const channelwise: Shape = [groups, sizeOf(scale.shape) / groups, ...spatial.map(() => 1)];
    const parameter = (amount: Value) => reshape(sumToShape(amount, channelwise, lead), [...rows, ...scale.shape]);
    return [
      () => {
        const weighed = mul(arriving, reshape(scale, channelwise));
        return reshape(throughStatistics(grouped, axes, node, true, weighed, lead), [...rows, ...x.shape]);
      },
      () => parameter(mul(arriving, normalized(grouped, axes, epsilonOf(node), true).unit)),
      bias && (() => parameter(arriving)),
    ];
  };

export const NORMALIZATION_GRADIENTS: GradientTable = {
  LayerNormalization: overLastAxes(true),
  RMSNormalization: overLastAxes(false),
  GroupNormalization: overGroups((node) => node.attributes.num_groups as number),
  InstanceNormalization: overGroups((node) => node.inputs[0]!.shape[1]!),
};
