import { apply } from "../graph/apply.js";
import { cast, equal, expand, reshape, scalar, tensor, transpose, where } from "../graph/build.js";
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

/** The elements of a Scatter node's data that its updates went to: [rows…, …data] → [rows…, …updates]. */
export const atUpdates = (node: Node, x: Value, lead: number): Value =>
  node.op === "ScatterElements" ? gatherElements(node, x, lead) : gatherND(node, x, lead);

/** The sum of data and updates of a Scatter node, or of amounts in their places, with leading axes. */
export const scatteredSum = (node: Node, data: Value, updates: Value, lead: number): Value =>
  scatter(node, data, updates, lead, "add");

function scatter(node: Node, data: Value, updates: Value, lead: number, reduction: string): Value {
  if (node.op === "ScatterElements") return scatterElements(node, data, updates, lead, reduction);
  const axes = updates.shape.map((_, i) => i);
  const last = transpose(updates, [...axes.slice(lead), ...axes.slice(0, lead)]);
  return rowsLast(data, lead, (y) => scatterND(node, y, last, reduction));
}

/** The place of each update in the data, by number; undefined where indices are not constant. */
function placesOf(node: Node): number[] | undefined {
  const [data, indices, updates] = node.inputs as readonly [Value, Value, Value];
  const numbers = indices.literal?.numbers();
  if (!numbers) return undefined;
  const at = (index: number, extent: number) => (index < 0 ? index + extent : index);
  if (node.op === "ScatterElements") {
    const axis = axisOf(node);
    const [own, within] = [stridesOf(data.shape), stridesOf(updates.shape)];
    return Array.from(numbers, (index, i) =>
      own.reduce((sum, stride, k) => {
        const along = Math.floor(i / within[k]!) % updates.shape[k]!;
        return sum + stride * (k === axis ? at(index, data.shape[k]!) : along);
      }, 0),
    );
  }
  const depth = indices.shape.at(-1)!;
  const strides = stridesOf(data.shape);
  return Array.from({ length: numbers.length / depth }, (_, i) =>
    strides.slice(0, depth).reduce((sum, stride, k) => sum + stride * at(numbers[i * depth + k]!, data.shape[k]!), 0),
  );
}

/** What arrives at updates that replaced the data; where several have one place, only the one that stands gets it. */
function replacing(node: Node, g: Value, lead: number): Value {
  const arrived = atUpdates(node, g, lead);
  const places = placesOf(node);
  if (places && new Set(places).size === places.length) return arrived;
  const [data, , updates] = node.inputs as readonly [Value, Value, Value];
  const count = sizeOf(updates.shape);
  const own = tensor(
    "int64",
    updates.shape,
    Array.from({ length: count }, (_, i) => i),
  );
  const standing = scatter(node, expand(scalar(-1, "int64"), data.shape), own, 0, "none");
  return where(equal(atUpdates(node, standing, 0), own), arrived, scalar(0, g.dtype));
}

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
    return [() => scatterElements(node, g, zeros(), lead, "none"), undefined, () => replacing(node, g, lead)];
  },
  ScatterND: (node, g, lead) => {
    if (!replaces(node)) return undefined;
    return [
      () => rowsLast(g, lead, (y, rows) => scatterND(node, y, nothing(y, [...node.inputs[2]!.shape, ...rows]), "none")),
      undefined,
      () => replacing(node, g, lead),
    ];
  },
  /** To the elements that were chosen. */
  TopK: (node, g, lead) => {
    const chosen = expand(node.outputs[1]!, g.shape);
    const axis = normalizeAxis("TopK", (node.attributes.axis as number | undefined) ?? -1, node.inputs[0]!.shape);
    const onto = () => nothing(g, [...rowsOf(g, lead), ...node.inputs[0]!.shape]);
    return [() => apply("ScatterElements", [onto(), chosen, g], { axis: axis + lead, reduction: "add" })];
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
    return [() => g, undefined, () => atUpdates(node, g, lead)];
  },
  ScatterND: (node, g, lead) => {
    refuseOthersThanSums(node);
    return [() => g, undefined, () => atUpdates(node, g, lead)];
  },
};
