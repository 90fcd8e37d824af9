import { own } from "../own.js";
import { applyNode } from "./apply.js";
import { expand, int64, reshape } from "./build.js";
import { reducedAxes } from "./operators/reduction.js";
import { resizedAxes } from "./operators/resize.js";
import { Inference } from "./operators/spec.js";
import { sliceRanges } from "./operators/structural.js";
import { normalizeAxis, type Shape } from "./shape.js";
import { traitsOf } from "./traits.js";
import { type Attributes, type Node, topologicalOrder, type Value } from "./value.js";

/** One node for many rows: its outputs, or undefined where it is not known how the operator keeps rows apart. */
type Batched = (node: Batch) => readonly Value[] | undefined;

/** A node some of whose inputs stand for many rows: [rows · n, …] in place of [n, …]. */
interface Batch {
  readonly node: Node;
  readonly rows: number;
  /** The inputs now; those that do not change with the row are as they were. */
  readonly inputs: readonly (Value | undefined)[];
  isBatched(input: number): boolean;
}

/**
 * The values for many rows at once: a replacement [rows · n, …] stands for a value [n, …], row after row, and so does
 * every value that depends on one. Values that depend on none stay as they are, computed once for all rows.
 * @returns undefined where an operator is not known to keep rows apart
 */
export function inRows(
  values: readonly Value[],
  replacements: ReadonlyMap<Value, Value>,
  rows: number,
): Value[] | undefined {
  const made = new Map(replacements);
  for (const node of topologicalOrder(values)) {
    const isBatched = (i: number) => node.inputs[i] !== undefined && made.has(node.inputs[i]!);
    if (!node.inputs.some((_, i) => isBatched(i))) continue;
    if (node.body || node.outputs.some(({ shape }) => shape.length === 0)) return undefined;
    const inputs = node.inputs.map((value) => value && (made.get(value) ?? value));
    const rule = own(RULES, node.op) ?? (traitsOf(node.op).elementwise ? elementwise : undefined);
    const outputs = rule?.({ node, rows, inputs, isBatched });
    if (!outputs) return undefined;
    node.outputs.forEach((output, i) => {
      if (!made.has(output)) made.set(output, outputs[i]!);
    });
  }
  return values.map((value) => made.get(value) ?? value);
}

/** The node with other inputs and attributes. */
const again = (
  { node, inputs }: Batch,
  { to = inputs, attributes = {} }: { to?: readonly (Value | undefined)[]; attributes?: Attributes } = {},
) => applyNode(node.op, to, { ...node.attributes, ...attributes }, { outputCount: node.outputs.length }).outputs;

const inference = ({ op, inputs, attributes, outputs }: Node) => new Inference(op, inputs, attributes, outputs.length);

/** [rows · n, …] → [rows, 1 …, n, …], with axes of extent 1 up to a rank without that of the rows. */
const apart = (x: Value, shape: Shape, rows: number, rank = shape.length): Value =>
  reshape(x, [rows, ...Array<number>(rank - shape.length).fill(1), ...shape]);

/** The first input with an axis of rows of its own. */
const firstApart = ({ node, inputs, rows }: Batch): Value => apart(inputs[0]!, node.inputs[0]!.shape, rows);

/** [rows, n, …] → [rows · n, …]. */
const together = (values: readonly Value[]): Value[] =>
  values.map((value) => reshape(value, [value.shape[0]! * value.shape[1]!, ...value.shape.slice(2)]));

/** A value that does not change with the row, [n, …] → [rows · n, …]. */
const repeated = (value: Value, rows: number): Value =>
  together([expand(reshape(value, [1, ...value.shape]), [rows, ...value.shape])])[0]!;

/** Operands are aligned from the last axis on: an axis of rows of their own comes before all. */
const elementwise: Batched = (batch) => {
  const { node, inputs, rows } = batch;
  const { shape } = node.outputs[0]!;
  const isAligned = node.inputs.every((value, i) => {
    if (!value) return true;
    const isWhole = value.shape.length === shape.length && value.shape[0] === shape[0];
    return batch.isBatched(i) ? isWhole : value.shape.length < shape.length || value.shape[0] === 1;
  });
  if (isAligned) return again(batch);
  const moved = inputs.map((value, i) =>
    batch.isBatched(i) ? apart(value!, node.inputs[i]!.shape, rows, shape.length) : value,
  );
  return together(again(batch, { to: moved }));
};

/** Only the first input changes with the row. */
const isFirstOnly = ({ node, isBatched }: Batch) => node.inputs.every((_, i) => i === 0 || !isBatched(i));

/** Operators whose axis 0 counts samples. */
const perSample: Batched = (batch) =>
  isFirstOnly(batch) && batch.node.outputs.length === 1 ? again(batch) : undefined;

/** A slope for each sample would have to be repeated. */
const pRelu: Batched = (batch) => {
  const [x, slope] = batch.node.inputs.map((value) => value!.shape) as [Shape, Shape];
  return slope.length < x.length || slope[0] === 1 ? perSample(batch) : undefined;
};

/** What only gives the elements of a row another shape. */
const reshaped: Batched = ({ node, inputs, rows }) => {
  const [n, ...rest] = node.outputs[0]!.shape;
  return [reshape(inputs[0]!, [rows * n!, ...rest])];
};

/** By the attribute `axis`: one axis, or the first of those that are normalised together. */
const along =
  (fallback: number): Batched =>
  (batch) => {
    const { node } = batch;
    if (!isFirstOnly(batch)) return undefined;
    const axis = normalizeAxis(node.op, inference(node).int("axis", fallback), node.inputs[0]!.shape);
    if (axis !== 0) return again(batch);
    const to = [firstApart(batch), ...batch.inputs.slice(1)];
    return together(again(batch, { to, attributes: { axis: 1 } }));
  };

const reduces: Batched = (batch) => {
  const axes = reducedAxes(inference(batch.node));
  if (!axes.includes(0)) return again(batch);
  return together(again(batch, { to: [firstApart(batch), int64(axes.map((axis) => axis + 1))] }));
};

const matMul: Batched = (batch) => {
  const { node, inputs, rows } = batch;
  const [a, b] = node.inputs.map((value) => value!.shape) as [Shape, Shape];
  if (a.length === 2 && b.length <= 2 && !batch.isBatched(1)) return again(batch);
  if (a.length < 2 || b.length < 2) return undefined;
  const rank = Math.max(a.length, b.length);
  const to = inputs.map((value, i) => (batch.isBatched(i) ? apart(value!, node.inputs[i]!.shape, rows, rank) : value));
  return together(again(batch, { to }));
};

const gemm: Batched = (batch) => {
  const { node } = batch;
  const bias = node.inputs[2]?.shape ?? [];
  const isPlain = inference(node).int("transA", 0) === 0 && (bias.length < 2 || bias[0] === 1);
  return isPlain && isFirstOnly(batch) ? again(batch) : undefined;
};

const concat: Batched = (batch) => {
  const { node, inputs, rows } = batch;
  const axis = normalizeAxis(node.op, inference(node).int("axis", 0), node.outputs[0]!.shape);
  const all = inputs.map((value, i) => (batch.isBatched(i) ? value! : repeated(value!, rows)));
  if (axis !== 0) return again(batch, { to: all });
  const to = all.map((value, i) => apart(value, node.inputs[i]!.shape, rows));
  return together(again(batch, { to, attributes: { axis: 1 } }));
};

const expanded: Batched = ({ node, inputs, rows }) => {
  const { shape } = node.outputs[0]!;
  return together([expand(apart(inputs[0]!, node.inputs[0]!.shape, rows, shape.length), [rows, ...shape])]);
};

const sliced: Batched = (batch) => {
  if (!isFirstOnly(batch)) return undefined;
  const { shape } = batch.node.inputs[0]!;
  const cut = sliceRanges(inference(batch.node)).filter(({ axis, count, step }) => count !== shape[axis] || step !== 1);
  if (cut.length === 0) return [batch.inputs[0]!];
  const list = (of: (range: (typeof cut)[number]) => number) => int64(cut.map(of));
  // An end before the first element, going backwards, is written as far below zero.
  const end = ({ start, count, step }: (typeof cut)[number]) => {
    const stop = start + count * step;
    return stop < 0 ? -(2 ** 31) : stop;
  };
  const steps = [list(({ start }) => start), list(end), list(({ axis }) => axis + 1), list(({ step }) => step)];
  return together(again(batch, { to: [firstApart(batch), ...steps] }));
};

/** Data at constant indices, or constant data at the indices of each row. */
const gather: Batched = (batch) => {
  const { node, inputs } = batch;
  const axis = normalizeAxis(node.op, inference(node).int("axis", 0), node.inputs[0]!.shape);
  if (!batch.isBatched(0)) return axis === 0 ? again(batch) : undefined;
  if (batch.isBatched(1)) return undefined;
  if (axis !== 0) return again(batch);
  return together(again(batch, { to: [firstApart(batch), inputs[1]], attributes: { axis: 1 } }));
};

const padded: Batched = (batch) => {
  const { node } = batch;
  const pads = inference(node).ints(1, "pads");
  const { shape } = node.inputs[0]!;
  const axes = node.inputs[3]
    ? inference(node)
        .ints(3, "axes")
        .map((axis) => normalizeAxis("Pad", axis, shape))
    : shape.map((_, i) => i);
  const isKept = axes.every((axis, i) => axis !== 0 || (pads[i] === 0 && pads[i + axes.length] === 0));
  return isKept && isFirstOnly(batch) ? again(batch) : undefined;
};

/** Sizes name axis 0 too. */
const resized: Batched = (batch) => {
  const { node, inputs, rows } = batch;
  const axes = resizedAxes(inference(node));
  const isKept = axes.every(({ axis, from, to, scale }) => axis !== 0 || (to === from && scale === 1));
  if (!isFirstOnly(batch) || !isKept) return undefined;
  const sizes = node.inputs[3]?.literal?.size ?? 0;
  if (sizes === 0) return again(batch);
  if (inference(node).string("keep_aspect_ratio_policy", "stretch") !== "stretch") return undefined;
  const now = int64(axes.map(({ axis, to }) => (axis === 0 ? rows * to : to)));
  return again(batch, { to: [inputs[0], undefined, undefined, now] });
};

const transposed: Batched = (batch) => {
  const { length } = batch.node.inputs[0]!.shape;
  const reversed = Array.from({ length }, (_, i) => length - 1 - i);
  const perm = inference(batch.node).intsAttribute("perm", reversed);
  if (perm[0] === 0) return again(batch);
  return together(
    again(batch, { to: [firstApart(batch)], attributes: { perm: [0, ...perm.map((axis) => axis + 1)] } }),
  );
};

const tiled: Batched = (batch) =>
  isFirstOnly(batch) && inference(batch.node).ints(1, "repeats")[0] === 1 ? again(batch) : undefined;

/** Operators that are not elementwise. Those without a row are not computed for many rows at once. */
const RULES: Readonly<Record<string, Batched>> = {
  Conv: perSample,
  ConvTranspose: perSample,
  MaxPool: perSample,
  AveragePool: perSample,
  GlobalAveragePool: perSample,
  InstanceNormalization: perSample,
  GroupNormalization: perSample,
  BatchNormalization: perSample,
  PRelu: pRelu,
  DepthToSpace: perSample,
  SpaceToDepth: perSample,
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: transposed,
  Expand: expanded,
  Tile: tiled,
  Slice: sliced,
  Split: along(0),
  Concat: concat,
  Gather: gather,
  Pad: padded,
  Resize: resized,
  MatMul: matMul,
  Gemm: gemm,
  Softmax: along(-1),
  LogSoftmax: along(-1),
  LayerNormalization: along(-1),
  RMSNormalization: along(-1),
  ArgMax: along(0),
  ArgMin: along(0),
  TopK: along(-1),
  ...Object.fromEntries(
    [
      "ReduceSum",
      "ReduceMean",
      "ReduceMax",
      "ReduceMin",
      "ReduceProd",
      "ReduceL1",
      "ReduceL2",
      "ReduceSumSquare",
      "ReduceLogSum",
      "ReduceLogSumExp",
    ].map((op) => [op, reduces]),
  ),
};
