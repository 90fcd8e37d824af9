import { apply } from "../../graph/apply.js";
import {
  cast,
  concat,
  expand,
  full,
  identity,
  int64,
  padAxis,
  reshape,
  slice,
  split,
  tensor,
  transpose,
} from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { channelsFirst, channelsLast } from "../channels-last.js";
import { settled } from "../settled.js";
import type { Operation, OperationBuilder, OperationTable } from "./operation.js";

const rankOf = (operation: Operation) => operation.input(0).shape.length;

/** A part of each axis; axes of one element may be dropped. */
function strided(operation: Operation): Value {
  const masks = ["begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"] as const;
  const [begins, ends, ellipsis, added, dropped] = masks.map((key) => operation.number(key, 0)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (ellipsis !== 0 || added !== 0) throw operation.error("ellipsis_mask and new_axis_mask are not supported");
  const [begin, end, steps] = [1, 2, 3].map((i) => operation.constant(i, "places")) as [number[], number[], number[]];
  let value = operation.input(0);
  const shape: number[] = [];
  for (const [axis, extent] of value.shape.entries()) {
    const bit = 1 << axis;
    if (axis >= begin.length) {
      shape.push(extent);
      continue;
    }
    const step = dropped & bit ? 1 : steps[axis]!;
    if (step < 1) throw operation.error(`a step of ${step} is not supported`);
    const from = begins & bit && !(dropped & bit) ? 0 : counted(begin[axis]!, extent);
    const to = dropped & bit ? from + 1 : ends & bit ? extent : counted(end[axis]!, extent);
    value = slice(value, axis, from, to, step);
    if (!(dropped & bit)) shape.push(value.shape[axis]!);
  }
  return reshape(value, shape);
}

/** A place from the start, inside the axis. */
const counted = (place: number, extent: number) => Math.min(Math.max(place < 0 ? place + extent : place, 0), extent);

const packed: OperationBuilder = (operation) => {
  const rank = rankOf(operation) + 1;
  const axis = operation.number("axis", 0);
  const place = axis < 0 ? axis + rank : axis;
  const lifted = operation.inputs.map((x) => reshape(x, [...x.shape.slice(0, place), 1, ...x.shape.slice(place)]));
  return concat(lifted, place);
};

const padding =
  (isWithValue: boolean): OperationBuilder =>
  (operation) => {
    const pads = operation.constant(1, "pads");
    const fill = isWithValue ? operation.input(2) : undefined;
    const x = operation.input(0);
    // Pads of height and width alone keep the channels in front.
    const isSpatial = x.shape.length === 4 && pads.length === 8 && [0, 1, 6, 7].every((i) => pads[i] === 0);
    if (!fill && isSpatial) {
      const first = channelsFirst(x);
      return channelsLast(padAxis(padAxis(first, 2, pads[2]!, pads[3]!), 3, pads[4]!, pads[5]!));
    }
    const starts = pads.filter((_, i) => i % 2 === 0);
    const ends = pads.filter((_, i) => i % 2 === 1);
    const list = int64([...starts, ...ends]);
    return apply("Pad", fill ? [x, list, fill] : [x, list]);
  };

/** A shape as TensorFlow has it, whole numbers of 32 bits. */
const shapeList = (shape: readonly number[]) => tensor("int32", [shape.length], shape);

const sliced: OperationBuilder = (operation) => {
  const [begin, size] = [operation.constant(1, "places"), operation.constant(2, "sizes")];
  return operation.input(0).shape.reduce((value, extent, axis) => {
    const from = begin[axis]!;
    return slice(value, axis, from, size[axis] === -1 ? extent : from + size[axis]!);
  }, operation.input(0));
};

const gathered = (operation: Operation, axis: number) =>
  apply("Gather", [operation.input(0), cast(operation.input(1), "int64")], { axis });

/** Numbers of a range at most. */
const MOST = 2 ** 20;

/** Operations that arrange elements, and constants. */
export const STRUCTURE: OperationTable = {
  Identity: (operation) => identity(operation.input(0)),
  StopGradient: (operation) => identity(operation.input(0)),
  IdentityN: ({ inputs }) => inputs,
  Reshape: (operation) => reshape(operation.input(0), operation.constant(1, "sizes")),
  Squeeze: (operation) => {
    const { shape } = operation.input(0);
    const axes = operation.numbers("squeeze_dims", operation.numbers("axis", []));
    const dropped = axes.map((axis) => (axis < 0 ? axis + shape.length : axis));
    const isDropped = (extent: number, axis: number) =>
      axes.length === 0 ? extent === 1 : dropped.includes(axis) && extent === 1;
    return reshape(
      operation.input(0),
      shape.filter((extent, axis) => !isDropped(extent, axis)),
    );
  },
  ExpandDims: (operation) => {
    const { shape } = operation.input(0);
    const [axis] = operation.axes(1, shape.length + 1) as [number];
    return reshape(operation.input(0), [...shape.slice(0, axis), 1, ...shape.slice(axis)]);
  },
  Transpose: (operation) => transpose(operation.input(0), operation.constant(1, "axes")),
  ConcatV2: (operation) => {
    const last = operation.inputs.length - 1;
    const [axis] = operation.constant(last, "axes") as [number];
    return concat(operation.inputs.slice(0, last), axis < 0 ? axis + rankOf(operation) : axis);
  },
  Pack: packed,
  Unpack: (operation) => {
    const { shape } = operation.input(0);
    const given = operation.number("axis", 0);
    const axis = given < 0 ? given + shape.length : given;
    const rest = shape.filter((_, i) => i !== axis);
    return Array.from({ length: shape[axis]! }, (_, i) => reshape(slice(operation.input(0), axis, i, i + 1), rest));
  },
  Split: (operation) => {
    const [axis] = operation.constant(0, "axes") as [number];
    const x = operation.input(1);
    const place = axis < 0 ? axis + x.shape.length : axis;
    const count = operation.number("num_split", 1);
    if (x.shape[place]! % count !== 0)
      throw operation.error(`axis ${place} of [${x.shape}] is no multiple of ${count}`);
    return split(x, place, Array<number>(count).fill(x.shape[place]! / count));
  },
  SplitV: (operation) => {
    const [axis] = operation.axes(2) as [number];
    const total = operation.input(0).shape[axis]!;
    const sizes = operation.constant(1, "sizes");
    const known = sizes.filter((size) => size >= 0).reduce((sum, size) => sum + size, 0);
    return split(
      operation.input(0),
      axis,
      sizes.map((size) => (size < 0 ? total - known : size)),
    );
  },
  Slice: sliced,
  StridedSlice: strided,
  Pad: padding(false),
  PadV2: padding(true),
  Tile: (operation) => apply("Tile", [operation.input(0), int64(operation.constant(1, "repeats"))]),
  BroadcastTo: (operation) => expand(operation.input(0), operation.constant(1, "sizes")),
  Gather: (operation) => gathered(operation, 0),
  GatherV2: (operation) => gathered(operation, (operation.axes(2) as [number])[0]),
  Shape: (operation) => shapeList(operation.input(0).shape),
  Rank: (operation) => tensor("int32", [], [rankOf(operation)]),
  Size: (operation) => tensor("int32", [], [operation.input(0).shape.reduce((product, extent) => product * extent, 1)]),
  ZerosLike: (operation) => settled(full(operation.input(0).shape, 0, operation.input(0).dtype)),
  OnesLike: (operation) => settled(full(operation.input(0).shape, 1, operation.input(0).dtype)),
  Fill: (operation) => expand(operation.input(1), operation.constant(0, "sizes")),
  Range: (operation) => {
    const [from, to, step] = [0, 1, 2].map((i) => operation.constant(i, "limits")[0]!) as [number, number, number];
    const count = Math.max(0, Math.ceil((to - from) / step));
    if (!(count <= MOST)) throw operation.error(`a range of ${count} numbers; supported are up to ${MOST}`);
    return tensor(
      operation.input(0).dtype,
      [count],
      Array.from({ length: count }, (_, i) => from + i * step),
    );
  },
};
