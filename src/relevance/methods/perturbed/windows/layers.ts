import { inferenceOf } from "../../../../backward/rule.js";
import { apply, applyNode } from "../../../../graph/apply.js";
import {
  concat,
  div,
  matmul,
  maximum,
  minimum,
  mul,
  neg,
  reduceMax,
  reshape,
  sum,
  tensor,
  transpose,
} from "../../../../graph/build.js";
import { windowOf } from "../../../../graph/operators/linear.js";
import { normalizeAxis, sizeOf } from "../../../../graph/shape.js";
import { traitsOf } from "../../../../graph/traits.js";
import type { Node, Value } from "../../../../graph/value.js";
import { own } from "../../../../own.js";
import { Cells, each, inRows, type Order, rowByRow, windows } from "./cells.js";
import { convolved, isConvolved } from "./convolved.js";
import type { Place, Places, Sliding } from "./places.js";

/** How a layer's cells follow from those of its inputs; undefined where it does not keep cells apart. */
type LayerRule = (node: Node, cellsOf: (value: Value) => Cells | undefined) => Cells | undefined;

/** The windows of a convolution or pooling along height and width. */
export function slidingOf(node: Node): readonly [rows: Sliding, columns: Sliding] {
  const [x, weight] = node.inputs as readonly [Value, Value?];
  const kernel = node.op === "Conv" ? weight!.shape.slice(2) : (node.attributes.kernel_shape as readonly number[]);
  const { strides, dilations, pads } = windowOf(inferenceOf(node), x.shape.slice(2), kernel);
  const along = (i: 0 | 1): Sliding => ({
    kernel: kernel[i]!,
    stride: strides[i]!,
    dilation: dilations[i]!,
    before: pads[i]!,
    from: x.shape[i + 2]!,
    to: node.outputs[0]!.shape[i + 2]!,
  });
  return [along(0), along(1)];
}

/** Convolutions and pools have [1, C, H, W] here. */
export const isMap = ({ shape }: Value): boolean => shape.length === 4 && shape[0] === 1;

/** Elements of the largest tensor of a layer: a few megabytes stay near the processor. */
const LARGEST = 2 ** 20;

/**
 * A layer with a window: its cells from those that the windows see, [cells, kernel, C] → [cells, F], some rows at a time.
 */
function windowed(
  node: Node,
  x: Cells,
  of: (seen: Value, rows: readonly Place[], columns: readonly Place[]) => Value,
  padding = 0,
): Cells {
  const [down, across] = slidingOf(node);
  const [rows, columns] = [x.rows.through(down), x.columns.through(across)];
  const kernel = down.kernel * across.kernel;
  const values = () => {
    const { list } = columns;
    const elements = rows.list.length * list.length * kernel * x.channels;
    const seenColumns = windows(list, across);
    const parts = rows.inRuns(Math.ceil(elements / LARGEST)).map((some) => {
      const taken = x.take(windows(some, down), seenColumns, padding);
      return of(reshape(taken, [some.length * list.length, kernel, x.channels]), some, list);
    });
    return concat(parts, 0);
  };
  return new Cells(node.outputs[0]!, rows, columns, { values });
}

const convolution: LayerRule = (node, cellsOf) => {
  const [input, weight, bias] = node.inputs as readonly [Value, Value, Value?];
  const x = cellsOf(input);
  if (!x || cellsOf(weight) || (bias && cellsOf(bias))) return undefined;
  return isConvolved(node) ? convolved(node, x, slidingOf(node)) : convolvedInGroups(node, x);
};

/** A convolution in groups: products of all cells that the windows see. */
function convolvedInGroups(node: Node, x: Cells): Cells {
  const [, weight, bias] = node.inputs as readonly [Value, Value, Value?];
  const group = inferenceOf(node).int("group", 1);
  const [filters, channels, height, width] = weight.shape as [number, number, number, number];
  const kernel = height * width;
  return windowed(node, x, (seen) => {
    const cells = seen.shape[0]!;
    const apart = transpose(reshape(seen, [cells, kernel, group, channels]), [2, 0, 1, 3]);
    const split = reshape(weight, [group, filters / group, channels, height, width]);
    const matrices = reshape(transpose(split, [0, 3, 4, 2, 1]), [group, kernel * channels, filters / group]);
    const products = matmul(reshape(apart, [group, cells, kernel * channels]), matrices);
    const y = reshape(transpose(products, [1, 0, 2]), [cells, filters]);
    return bias ? apply("Add", [y, bias]) : y;
  });
}

/** Lowest float32: it is never the largest of a window, which always sees the map. */
const LOWEST = -3.4028234663852886e38;

const maxPool: LayerRule = (node, cellsOf) => {
  const x = cellsOf(node.inputs[0]!);
  return x && windowed(node, x, (seen) => reduceMax(seen, [1], false), LOWEST);
};

const averagePool: LayerRule = (node, cellsOf) => {
  const x = cellsOf(node.inputs[0]!);
  if (!x) return undefined;
  const sliding = slidingOf(node);
  const { shape } = node.inputs[0]!;
  const { pads } = windowOf(inferenceOf(node), shape.slice(2), node.attributes.kernel_shape as readonly number[]);
  const withPadding = inferenceOf(node).int("count_include_pad", 0) === 1;
  /** Elements of a window that count: those on the map, or on the map and its declared padding. */
  const counted = (list: readonly Place[], axis: 0 | 1) => {
    const { kernel, stride, dilation, before, from } = sliding[axis];
    const [first, end] = withPadding ? [-before, from + pads[axis + 2]!] : [0, from];
    return list.map(({ at }) => {
      const places = Array.from({ length: kernel }, (_, k) => at * stride + k * dilation - before);
      return places.filter((place) => place >= first && place < end).length;
    });
  };
  return windowed(node, x, (seen, rows, columns) => {
    const down = tensor("float32", [rows.length, 1, 1], counted(rows, 0));
    const across = tensor("float32", [1, columns.length, 1], counted(columns, 1));
    return div(sum(seen, [1], false), reshape(mul(down, across), [seen.shape[0]!, 1]));
  });
};

/** Padding moves cells along, and what lies in it stays. */
const pad: LayerRule = (node, cellsOf) => {
  const x = cellsOf(node.inputs[0]!);
  const inference = inferenceOf(node);
  if (!x || inference.string("mode", "constant") !== "constant") return undefined;
  const given = inference.ints(1, "pads");
  const axes = node.inputs[3] ? inference.ints(3, "axes") : [0, 1, 2, 3];
  const pads = [0, 1, 2, 3].map((axis) => {
    const i = axes.findIndex((other) => normalizeAxis("Pad", other, x.map.shape) === axis);
    return i === -1 ? [0, 0] : [given[i]!, given[i + axes.length]!];
  }) as [number, number][];
  if (pads.slice(0, 2).some(([first, last]) => first !== 0 || last !== 0)) return undefined;
  const map = node.outputs[0]!;
  const rows = x.rows.moved(pads[2]![0], map.shape[2]!);
  const columns = x.columns.moved(pads[3]![0], map.shape[3]!);
  const values = () => {
    const along = ({ list }: Places, by: number) => each(list.map(({ of, at }) => ({ of, at: at - by })));
    const taken = x.take(along(rows, pads[2]![0]), along(columns, pads[3]![0]));
    return reshape(taken, [rows.list.length * columns.list.length, x.channels]);
  };
  return new Cells(map, rows, columns, { values });
};

/** Operators that compute each cell from the same cell of their inputs. */
const pointwise: LayerRule = (node, cellsOf) => {
  const map = node.outputs[0]!;
  const changed = node.inputs.flatMap((value) => (value && cellsOf(value)) ?? []);
  const fits = (value: Value) =>
    cellsOf(value)
      ? isMap(value) && value.shape[2] === map.shape[2] && value.shape[3] === map.shape[3]
      : perCell(value, map) !== undefined;
  const isNormalisation = node.op === "BatchNormalization";
  const operands = isNormalisation ? [node.inputs[0]] : node.inputs;
  if (!isMap(map) || !operands.every((value) => !value || fits(value))) return undefined;
  if (isNormalisation && node.inputs.some((value, i) => i > 0 && value && cellsOf(value))) return undefined;
  const [first, ...others] = changed as [Cells, ...Cells[]];
  const isAlike = others.every(
    (cells) => cells.rows === first.rows && cells.columns === first.columns && cells.order === first.order,
  );
  const rows = isAlike ? first.rows : changed.reduce((all, { rows: more }) => all.with(more), first.rows);
  const columns = isAlike ? first.columns : changed.reduce((all, { columns: more }) => all.with(more), first.columns);
  const order = isAlike ? first.order : rowByRow(rows, columns);
  const values = () => {
    const size = rows.list.length * columns.list.length;
    const inputs = node.inputs.map((value, i) => {
      if (!value || (isNormalisation && i > 0)) return value;
      const cells = cellsOf(value);
      if (!cells) return perCell(value, map)!(rows, columns, order);
      if (isAlike) return cells.table;
      return reshape(cells.take(each(rows.list), each(columns.list)), [size, cells.channels]);
    });
    return applyNode(node.op, inputs, node.attributes, { outputCount: node.outputs.length }).outputs[0]!;
  };
  const { plus } = first.source;
  const isRelu = node.op === "Relu" && plus !== undefined;
  const source = isRelu ? { values, differences: () => reluDifferences(first, plus, map) } : { values };
  return new Cells(map, rows, columns, source, order);
};

/** relu(a + Δ) − relu(a) = max(Δ + min(a, 0), −relu(a)), where Δ + min(a, 0) takes no more than Δ + a. */
function reluDifferences(x: Cells, plus: (base: Value) => Value, map: Value): Value {
  const { order, channels } = x;
  const changed = reshape(plus(minimum(x.map, 0)), order.runs(channels));
  return reshape(maximum(changed, order.unchanged(neg(map))), [x.size, channels]);
}

/** How a value that no change reaches meets cells, or undefined where it is of another form than a map's. */
function perCell(value: Value, map: Value): ((rows: Places, columns: Places, order: Order) => Value) | undefined {
  const { shape } = value;
  if (shape.length > 4) return undefined;
  const [n, channels, height, width] = [...Array<number>(4 - shape.length).fill(1), ...shape] as [
    number,
    number,
    number,
    number,
  ];
  if (n !== 1) return undefined;
  if (height === 1 && width === 1)
    return () => (sizeOf(shape) === 1 ? reshape(value, [1, 1]) : reshape(value, [1, channels]));
  if (height !== map.shape[2] || width !== map.shape[3]) return undefined;
  return (rows, columns, order) => {
    const places = new Int32Array(rows.list.length * columns.list.length);
    for (const [i, { at: y }] of rows.list.entries())
      for (const [j, { at: x }] of columns.list.entries()) places[order.row(i) + order.column(j)] = y * width + x;
    const own = inRows(reshape(value, [1, channels, height, width]));
    return apply("Gather", [own, tensor("int32", [places.length], places)], { axis: 0 });
  };
}

const RULES: Readonly<Record<string, LayerRule>> = {
  Conv: convolution,
  MaxPool: maxPool,
  AveragePool: averagePool,
  Pad: pad,
};

/** A layer's cells, or undefined where the network goes on whole. */
export const layerCells: LayerRule = (node, cellsOf) => {
  const [map] = node.outputs as readonly [Value];
  if (!isMap(map) || map.dtype !== "float32" || node.outputs.length > 1 || node.op === "QuantizeLinear")
    return undefined;
  const rule = own(RULES, node.op) ?? (traitsOf(node.op).elementwise ? pointwise : undefined);
  return rule?.(node, cellsOf);
};
