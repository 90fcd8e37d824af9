import { apply } from "../graph/apply.js";
import { cast, expand, reshape, scalar, transpose } from "../graph/build.js";
import { normalizeAxis, type Shape, sizeOf, stridesOf } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import { type Adjoint, type GradientTable, rowsOf } from "./rule.js";

/** Adjoints of operators that gather and scatter elements. */

const axisOf = (node: Node): number =>
  normalizeAxis(node.op, (node.attributes.axis as number | undefined) ?? 0, node.inputs[0]!.shape);

const nothing = (g: Value, shape: Shape): Value => expand(scalar(0, g.dtype), shape);

/** A node's indices along an axis, the same for every row. */
const indicesOf = (node: Node, g: Value, lead: number): Value =>
  expand(node.inputs[1]!, [...rowsOf(g, lead), ...node.inputs[1]!.shape]);

const gatherElements = (node: Node, g: Value, lead: number): Value =>
  apply("GatherElements", [g, indicesOf(node, g, lead)], { axis: axisOf(node) + lead });

const scatterElements = (node: Node, onto: Value, updates: Value, lead: number, reduction: string): Value =>
  apply("ScatterElements", [onto, indicesOf(node, onto, lead), updates], { axis: axisOf(node) + lead, reduction });

/** Adds each gathered slice back to where it came from. */
function gatherAdjoint(node: Node, g: Value, lead: number): Value {
  const [x, indices] = node.inputs as readonly [Value, Value];
  const axis = axisOf(node);
  const outer = sizeOf([...rowsOf(g, lead), ...x.shape.slice(0, axis)]);
  const inner = stridesOf(x.shape)[axis]!;
  const count = sizeOf(indices.shape);
  const at = expand(reshape(cast(indices, "int64"), [1, count, 1]), [outer, count, inner]);
  const amounts = reshape(g, [outer, count, inner]);
  const onto = nothing(g, [outer, x.shape[axis]!, inner]);
  const scattered = apply("ScatterElements", [onto, at, amounts], { axis: 1, reduction: "add" });
  return reshape(scattered, [...rowsOf(g, lead), ...x.shape]);
}

/** Runs an operator on tuples of indices with the rows after all axes that the tuples index. */
function rowsLast(g: Value, lead: number, run: (g: Value, rows: Shape) => Value): Value {
  if (lead === 0) return run(g, []);
  const turned = (x: Value, by: number) => {
    const axes = x.shape.map((_, i) => i);
    return transpose(x, [...axes.slice(by), ...axes.slice(0, by)]);
  };
  const y = run(turned(g, lead), rowsOf(g, lead));
  return turned(y, y.shape.length - lead);
}

const scatterND = (node: Node, onto: Value, updates: Value, reduction: string): Value =>
  apply("ScatterND", [onto, node.inputs[1]!, updates], { reduction });

const gatherND = (node: Node, g: Value, lead: number): Value =>
  rowsLast(g, lead, (y) => apply("GatherND", [y, node.inputs[1]!]));

function gatherNDAdjoint(node: Node, g: Value, lead: number): Value {
  if ((node.attributes.batch_dims ?? 0) !== 0)
    throw new RangeError(`node "${node.label}": GatherND with batch axes has no gradient`);
  return rowsLast(g, lead, (y, rows) => scatterND(node, nothing(y, [...node.inputs[0]!.shape, ...rows]), y, "add"));
}

const replaces = (node: Node): boolean => (node.attributes.reduction ?? "none") === "none";

export const INDEXING_ADJOINTS: Readonly<Record<string, Adjoint>> = {
  Gather: (node, g, lead) => [() => gatherAdjoint(node, g, lead)],
  GatherElements: (node, g, lead) => [
    () => scatterElements(node, nothing(g, [...rowsOf(g, lead), ...node.inputs[0]!.shape]), g, lead, "add"),
  ],
  GatherND: (node, g, lead) => [() => gatherNDAdjoint(node, g, lead)],
  /** Replaced elements get nothing. */
  ScatterElements: (node, g, lead) => {
    if (!replaces(node)) return undefined;
    const zeros = () => nothing(g, [...rowsOf(g, lead), ...node.inputs[2]!.shape]);
    return [() => scatterElements(node, g, zeros(), lead, "none"), undefined, () => gatherElements(node, g, lead)];
  },
  ScatterND: (node, g, lead) => {
    if (!replaces(node)) return undefined;
    return [
      () => rowsLast(g, lead, (y, rows) => scatterND(node, y, nothing(y, [...node.inputs[2]!.shape, ...rows]), "none")),
      undefined,
      () => gatherND(node, g, lead),
    ];
  },
};

function refuseOthersThanSums(node: Node): void {
  if (node.attributes.reduction !== "add")
    throw new RangeError(
      `node "${node.label}": ${node.op} has a gradient for reductions none and add, not ${node.attributes.reduction}`,
    );
}

/** Scattered sums: both summands get what arrives. */
export const INDEXING_GRADIENTS: GradientTable = {
  ScatterElements: (node, g, lead) => {
    refuseOthersThanSums(node);
    return [() => g, undefined, () => gatherElements(node, g, lead)];
  },
  ScatterND: (node, g, lead) => {
    refuseOthersThanSums(node);
    return [() => g, undefined, () => gatherND(node, g, lead)];
  },
};
