import { broadcast, normalizeAxis, type Shape, ShapeError, sizeOf } from "../shape.js";
import type { TensorType } from "../value.js";
import type { Inference, OperatorSpec } from "./spec.js";

/** Target of a Reshape: 0 copies the input's extent (unless `allowzero`), one −1 takes the rest. */
export function resolveReshape(from: Shape, target: readonly number[], allowZero: boolean): Shape {
  const shape = target.map((d, i) => (d === 0 && !allowZero ? (from[i] ?? 0) : d));
  const unknown = shape.indexOf(-1);
  if (unknown >= 0) {
    const known = shape.reduce((product, d, i) => (i === unknown ? product : product * d), 1);
    shape[unknown] = sizeOf(from) / known;
  }
  if (shape.some((d) => !Number.isInteger(d) || d < 0) || sizeOf(shape) !== sizeOf(from))
    throw new ShapeError(`Reshape: shape [${from}] cannot become [${target}]`);
  return shape;
}

/** Start, count and step of a Slice along one axis of `extent` elements. */
function sliceRange(extent: number, start: number, end: number, step: number): { start: number; count: number } {
  const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
  const from = start < 0 ? start + extent : start;
  const to = end < 0 ? end + extent : end;
  const first = step > 0 ? clamp(from, 0, extent) : clamp(from, 0, extent - 1);
  const last = step > 0 ? clamp(to, 0, extent) : clamp(to, -1, extent - 1);
  return { start: first, count: Math.max(0, Math.ceil((last - first) / step)) };
}

/** Axes counted from the front; refuses one that is out of range or given twice. */
function distinctAxes(op: string, axes: readonly number[], shape: Shape): number[] {
  const normalized = axes.map((axis) => normalizeAxis(op, axis, shape));
  if (new Set(normalized).size !== axes.length)
    throw new ShapeError(`${op}: axes [${axes}] repeat for shape [${shape}]`);
  return normalized;
}

/** The axes, starts, counts and steps of a Slice node, in full. */
export function sliceRanges(node: Inference): { axis: number; start: number; count: number; step: number }[] {
  const shape = node.shape(0);
  const starts = node.ints(1, "starts");
  const ends = node.ints(2, "ends");
  const axes = node.inputs[3] ? node.ints(3, "axes") : starts.map((_, i) => i);
  const steps = node.inputs[4] ? node.ints(4, "steps") : starts.map(() => 1);
  if ([ends, axes, steps].some(({ length }) => length !== starts.length) || steps.includes(0))
    throw new ShapeError(
      `Slice: starts [${starts}], ends [${ends}], axes [${axes}] and steps [${steps}] do not fit shape [${shape}]`,
    );
  const normalized = distinctAxes("Slice", axes, shape);
  return normalized.map((axis, i) => {
    const step = steps[i]!;
    return { axis, step, ...sliceRange(shape[axis]!, starts[i]!, ends[i]!, step) };
  });
}

/**
 * Extents of a Slice whose places are computed at run time, by axis: ends are the starts plus constants, in steps of one.
 * The caller keeps the starts within the tensor.
 */
function movingExtents(node: Inference): { axis: number; count: number }[] {
  const [, starts, ends] = node.inputs;
  const sizes = ends?.node.op === "Add" && ends.node.inputs[0] === starts ? ends.node.inputs[1]?.literal : undefined;
  const steps = node.inputs[4] ? node.ints(4, "steps") : [];
  if (!sizes || steps.some((step) => step !== 1))
    throw new ShapeError("Slice: starts must be a constant, or ends these starts plus a constant, in steps of one");
  const counts = Array.from(sizes.numbers());
  const axes = node.inputs[3] ? node.ints(3, "axes") : counts.map((_, i) => i);
  return distinctAxes("Slice", axes, node.shape(0)).map((axis, i) => ({ axis, count: counts[i]! }));
}

/** Most outputs of a Split. */
const MOST_PARTS = 10_000;

function refuseMany(parts: number): void {
  if (parts > MOST_PARTS) throw new ShapeError(`Split: ${parts} parts; the limit is ${MOST_PARTS}`);
}

/** Extents of the outputs of a Split along its axis. */
export function splitSizes(node: Inference): { axis: number; sizes: number[] } {
  const shape = node.shape(0);
  const axis = normalizeAxis("Split", node.int("axis", 0), shape);
  const extent = shape[axis]!;
  if (node.inputs[1]) {
    const sizes = node.ints(1, "split");
    refuseMany(sizes.length);
    if (sizes.reduce((a, b) => a + b, 0) !== extent || sizes.some((size) => size < 0))
      throw new ShapeError(`Split: parts [${sizes}] do not add up to extent ${extent} of shape [${shape}]`);
    return { axis, sizes };
  }
  const count = node.int("num_outputs", node.outputCount ?? 0);
  refuseMany(count);
  if (!(count > 0)) throw new ShapeError("Split: neither part sizes nor their number is given");
  const size = Math.ceil(extent / count);
  if (size * (count - 1) > extent)
    throw new ShapeError(`Split: extent ${extent} of shape [${shape}] does not make ${count} parts of ${size}`);
  return { axis, sizes: Array.from({ length: count }, (_, i) => Math.min(size, extent - i * size)) };
}

function transpose(node: Inference): TensorType[] {
  const shape = node.shape(0);
  const perm = node.intsAttribute(
    "perm",
    shape.map((_, i) => shape.length - 1 - i),
  );
  if (perm.length !== shape.length || shape.some((_, axis) => !perm.includes(axis)))
    throw new ShapeError(`Transpose: permutation [${perm}] does not fit shape [${shape}]`);
  return node.typed(perm.map((axis) => shape[axis]!));
}

function concat(node: Inference): TensorType[] {
  const first = node.shape(0);
  const axis = normalizeAxis("Concat", node.int("axis", 0), first);
  let extent = 0;
  node.inputs.forEach((_, k) => {
    const shape = node.shape(k);
    if (shape.length !== first.length || shape.some((d, i) => i !== axis && d !== first[i]))
      throw new ShapeError(`Concat: shapes [${first}] and [${shape}] differ outside axis ${axis}`);
    extent += shape[axis]!;
  });
  node.sameType();
  return node.typed(first.map((d, i) => (i === axis ? extent : d)));
}

function squeeze(node: Inference): TensorType[] {
  const shape = node.shape(0);
  const axes = node.inputs[1]
    ? distinctAxes("Squeeze", node.ints(1, "axes"), shape)
    : shape.flatMap((d, i) => (d === 1 ? [i] : []));
  for (const axis of axes)
    if (shape[axis] !== 1) throw new ShapeError(`Squeeze: axis ${axis} of shape [${shape}] is not 1`);
  return node.typed(shape.filter((_, i) => !axes.includes(i)));
}

function unsqueeze(node: Inference): TensorType[] {
  const shape = node.shape(0);
  const axes = node.ints(1, "axes");
  const rank = shape.length + axes.length;
  const at = new Set(axes.map((a) => (a < 0 ? a + rank : a)));
  if (at.size !== axes.length || [...at].some((axis) => axis < 0 || axis >= rank))
    throw new ShapeError(`Unsqueeze: axes [${axes}] repeat or are out of range for shape [${shape}]`);
  const rest = [...shape];
  return node.typed(Array.from({ length: rank }, (_, i) => (at.has(i) ? 1 : rest.shift()!)));
}

const PAD_MODES = new Set(["constant", "reflect", "edge", "wrap"]);

function pad(node: Inference): TensorType[] {
  const shape = node.shape(0);
  const mode = node.string("mode", "constant");
  if (!PAD_MODES.has(mode)) throw new ShapeError(`Pad: mode ${mode} is unknown`);
  const pads = node.ints(1, "pads");
  const axes = node.inputs[3] ? distinctAxes("Pad", node.ints(3, "axes"), shape) : shape.map((_, i) => i);
  if (pads.length !== 2 * axes.length) throw new ShapeError(`Pad: pads [${pads}] do not fit shape [${shape}]`);
  const padded = [...shape];
  axes.forEach((axis, i) => {
    padded[axis]! += pads[i]! + pads[i + axes.length]!;
  });
  if (padded.some((d) => d < 0)) throw new ShapeError(`Pad: pads [${pads}] cut more than shape [${shape}] has`);
  return node.typed(padded);
}

function flatten(node: Inference): TensorType[] {
  const shape = node.shape(0);
  const axis = node.int("axis", 1);
  const at = axis < 0 ? axis + shape.length : axis;
  if (at < 0 || at > shape.length) throw new ShapeError(`Flatten: axis ${axis} is out of range for shape [${shape}]`);
  return node.typed([sizeOf(shape.slice(0, at)), sizeOf(shape.slice(at))]);
}

function tile(node: Inference): TensorType[] {
  const shape = node.shape(0);
  const repeats = node.ints(1, "repeats");
  if (repeats.length !== shape.length || repeats.some((r) => r < 0))
    throw new ShapeError(`Tile: repeats [${repeats}] do not fit shape [${shape}]`);
  return node.typed(shape.map((d, i) => d * repeats[i]!));
}

function depthToSpace(node: Inference): TensorType[] {
  const [n, c, h, w, ...rest] = node.shape(0) as [number, number, number, number];
  const block = node.int("blocksize", 0);
  const mode = node.string("mode", "DCR");
  if (w === undefined || rest.length > 0 || block < 1 || c % block ** 2 !== 0 || (mode !== "DCR" && mode !== "CRD"))
    throw new ShapeError(`DepthToSpace: blocks of ${block} (mode ${mode}) do not fit shape [${node.shape(0)}]`);
  return node.typed([n, c / block ** 2, h * block, w * block]);
}

function spaceToDepth(node: Inference): TensorType[] {
  const [n, c, h, w, ...rest] = node.shape(0) as [number, number, number, number];
  const block = node.int("blocksize", 0);
  if (w === undefined || rest.length > 0 || block < 1 || h % block !== 0 || w % block !== 0)
    throw new ShapeError(`SpaceToDepth: blocks of ${block} do not fit shape [${node.shape(0)}]`);
  return node.typed([n, c * block ** 2, h / block, w / block]);
}

export const STRUCTURAL: Record<string, OperatorSpec> = {
  Reshape: {
    inputs: [2, 2],
    attributes: { allowzero: "int" },
    infer: (node) =>
      node.typed(resolveReshape(node.shape(0), node.ints(1, "target shape"), node.int("allowzero", 0) === 1)),
  },
  Flatten: { inputs: [1, 1], attributes: { axis: "int" }, infer: flatten },
  Transpose: { inputs: [1, 1], attributes: { perm: "ints" }, infer: transpose },
  Concat: { inputs: [1, Number.POSITIVE_INFINITY], attributes: { axis: "int" }, infer: concat },
  Slice: {
    inputs: [3, 5],
    infer: (node) => {
      const shape = [...node.shape(0)];
      const isMoving = node.input(1).literal === undefined;
      for (const { axis, count } of isMoving ? movingExtents(node) : sliceRanges(node)) shape[axis] = count;
      return node.typed(shape);
    },
  },
  Split: {
    inputs: [1, 2],
    attributes: { axis: "int", num_outputs: "int" },
    infer: (node) => {
      const { axis, sizes } = splitSizes(node);
      const { dtype, shape } = node.input(0);
      return sizes.map((size) => ({ dtype, shape: shape.map((d, i) => (i === axis ? size : d)) }));
    },
  },
  Squeeze: { inputs: [1, 2], infer: squeeze },
  Unsqueeze: { inputs: [2, 2], infer: unsqueeze },
  Pad: { inputs: [2, 4], attributes: { mode: "string" }, infer: pad },
  Tile: { inputs: [2, 2], infer: tile },
  DepthToSpace: { inputs: [1, 1], attributes: { blocksize: "int", mode: "string" }, infer: depthToSpace },
  SpaceToDepth: { inputs: [1, 1], attributes: { blocksize: "int" }, infer: spaceToDepth },
  Trilu: {
    inputs: [1, 2],
    attributes: { upper: "int" },
    infer: (node) => {
      if (node.shape(0).length < 2) throw new ShapeError(`Trilu: input [${node.shape(0)}] is no matrix`);
      return node.same();
    },
  },
  Expand: {
    inputs: [2, 2],
    infer: (node) => node.typed(broadcast("Expand", node.shape(0), node.ints(1, "target shape"))),
  },
  Size: { inputs: [1, 1], infer: () => [{ dtype: "int64", shape: [] }] },
  Shape: {
    inputs: [1, 1],
    attributes: { start: "int", end: "int" },
    infer: (node) => {
      const rank = node.shape(0).length;
      const { count } = sliceRange(rank, node.int("start", 0), node.int("end", rank), 1);
      return [{ dtype: "int64", shape: [count] }];
    },
  },
};
