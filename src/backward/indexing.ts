import { apply } from "../graph/apply.js";
import { expand, scalar } from "../graph/build.js";
import { normalizeAxis } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import { type GradientTable, rowsOf } from "./rule.js";

/** Rules of operators that pick and place single elements. */

const axisOf = (node: Node): number =>
  normalizeAxis(node.op, (node.attributes.axis as number | undefined) ?? 0, node.inputs[0]!.shape);

/** A node's indices, the same for every row. */
const indicesOf = (node: Node, g: Value, lead: number): Value =>
  expand(node.inputs[1]!, [...rowsOf(g, lead), ...node.inputs[1]!.shape]);

export const INDEXING_GRADIENTS: GradientTable = {
  ScatterElements: (node, g, lead) => {
    if (node.attributes.reduction !== "add")
      throw new RangeError(`node "${node.label}": ScatterElements has a gradient for reduction add only`);
    return [
      () => g,
      undefined,
      () => apply("GatherElements", [g, indicesOf(node, g, lead)], { axis: axisOf(node) + lead }),
    ];
  },
  GatherElements: (node, g, lead) => [
    () => {
      const nothing = expand(scalar(0, g.dtype), [...rowsOf(g, lead), ...node.inputs[0]!.shape]);
      const attributes = { axis: axisOf(node) + lead, reduction: "add" };
      return apply("ScatterElements", [nothing, indicesOf(node, g, lead), g], attributes);
    },
  ],
};
