import { inferenceOf } from "../../../../backward/rule.js";
import { apply } from "../../../../graph/apply.js";
import { concat, expand, int64, matmul, mul, reshape, tensor, transpose, zeros } from "../../../../graph/build.js";
import type { Node, Value } from "../../../../graph/value.js";
import { Cells, inRows, linear } from "./cells.js";
import { slidingOf } from "./layers.js";
import { changes, filled, isByPixels } from "./masked.js";
import { AlongAxis, type SeparableMasks } from "./masks.js";
import type { Pixels } from "./pixels.js";
import { type Sliding, seen } from "./places.js";

/** The convolution that reads the image, and what of it is the same for all masks. */
export class FirstLayer {
  #parts: Value | undefined;

  /** @param difference of the two images at the layer's input, [1, C, H, W] */
  constructor(
    readonly node: Node,
    readonly pixels: Pixels,
    private readonly difference: () => Value,
  ) {}

  /** Σ_c w[f, c, ky, kx] d[c, …] for each element of each window, [oy, ox, ky, kx · f]. */
  get parts(): Value {
    this.#parts ??= elementParts(this.node, this.difference());
    return this.#parts;
  }
}

/**
 * The convolution that reads the image, under masks that are products of a column and a row. It is linear, so the
 * masked difference of the two images, d, goes through it alone, and each element of a mask enters once for all channels:
 *
 *     Δy[f] = Σ_t Σ_kx across_t[kx] Σ_ky down_t[ky] Σ_c w[f, c, ky, kx] d[c, ky, kx]
 *
 * @param chosen rows of the grid
 */
export function firstLayerCells(layer: FirstLayer, masks: SeparableMasks, chosen: readonly number[]): Cells {
  const { node, pixels } = layer;
  const { offset } = pixels;
  const [down, across] = slidingOf(node);
  const rows = filled(down, new AlongAxis(masks.down, offset[0]), chosen);
  const mask = new AlongAxis(masks.across, offset[1]);
  const columns = filled(
    across,
    mask,
    Array.from({ length: mask.changes }, (_, i) => i),
    true,
  );
  const map = node.outputs[0]!;
  const filters = map.shape[1]!;
  const places = rows.at.length * across.to;
  const some = (value: Value) =>
    rows.at.length === down.to ? value : apply("Gather", [value, int64(rows.at)], { axis: 0 });
  /** [oy · ox, 1, n], or repeated along the columns. */
  const own = (of: Value, repeated: number) => {
    const channels = of.shape[1]!;
    const cells = reshape(some(reshape(inRows(of), [down.to, across.to, channels])), [places, 1, channels]);
    return reshape(expand(cells, [places, repeated, channels]), [places, 1, repeated * channels]);
  };
  return new Cells(
    map,
    rows.places,
    columns.places,
    linear(map, (base) => {
      const table = changes(masks, rows, columns, some(layer.parts), (repeated) => own(base, repeated));
      return reshape(table, [places * rows.each * columns.each, filters]);
    }),
    {
      row: (i) => Math.floor(i / rows.each) * across.to * rows.each * columns.each + (i % rows.each) * columns.each,
      column: (i) => Math.floor(i / columns.each) * rows.each * columns.each + (i % columns.each),
      unchanged: (of) => own(of, columns.each),
      runs: (channels) => [places, rows.each, columns.each * channels],
    },
  );
}

/** Multiplications of the first layer. */
export function firstLayerCost(node: Node, cells: Cells, masks: SeparableMasks): number {
  const [down, across] = slidingOf(node);
  const [filters, channels] = node.inputs[1]!.shape as [number, number];
  const { length } = masks.down;
  const window = down.kernel * across.kernel;
  const parts = down.to * across.to * window * across.kernel * channels;
  const byRow = cells.rows.list.length * length * window * across.to;
  const byCell = cells.size * length * across.kernel;
  return filters * (parts + (isByPixels(cells.size, window) ? cells.size * window : byRow + byCell));
}

/** One product for each row of a window; the weights of an element of its columns have zeros for the others. */
function elementParts(node: Node, difference: Value): Value {
  const [down, across] = slidingOf(node);
  const weight = ungrouped(node);
  const [filters, channels, kh, kw] = weight.shape as [number, number, number, number];
  const [height, width] = difference.shape.slice(2) as [number, number];
  const pixels = picked(reshape(inRows(difference), [height, width, channels]), 0, down);
  const windows = picked(reshape(transpose(pixels, [1, 0, 2, 3]), [kh * down.to, width, channels]), 1, across);
  const inColumns = reshape(transpose(weight, [2, 3, 1, 0]), [kh, kw, channels, 1, filters]);
  const diagonal = Array.from({ length: kw * kw }, (_, i) => Number(i % (kw + 1) === 0));
  const matrices = mul(inColumns, tensor("float32", [1, kw, 1, kw, 1], diagonal));
  const parts = matmul(
    reshape(windows, [kh, down.to * across.to, kw * channels]),
    reshape(matrices, [kh, kw * channels, kw * filters]),
  );
  return reshape(transpose(parts, [1, 0, 2]), [down.to, across.to, kh, kw * filters]);
}

/** The elements that windows see along one axis, zero in the padding: [… extent …] → [… windows, kernel …]. */
function picked(x: Value, axis: number, sliding: Sliding): Value {
  const { from, to, kernel } = sliding;
  const at = Array.from({ length: to * kernel }, (_, i) => seen(sliding, Math.floor(i / kernel), i % kernel));
  const shape = [...x.shape.slice(0, axis), to, kernel, ...x.shape.slice(axis + 1)];
  if (at.length === from && at.every((place, i) => place === i)) return reshape(x, shape);
  const padding = x.shape.map((extent, i) => (i === axis ? 1 : extent));
  const padded = at.includes(-1) ? concat([x, zeros(padding)], axis) : x;
  const places = tensor(
    "int32",
    [to, kernel],
    at.map((place) => (place === -1 ? from : place)),
  );
  return apply("Gather", [padded, places], { axis });
}

/** The weight over all channels, with zeros between the groups. */
function ungrouped(node: Node): Value {
  const weight = node.inputs[1]!;
  const group = inferenceOf(node).int("group", 1);
  if (group === 1) return weight;
  const [filters, channels] = weight.shape as [number, number];
  const all = concat(
    Array.from({ length: group }, () => weight),
    1,
  );
  const belongs = Array.from({ length: filters * channels * group }, (_, i) => {
    const [filter, channel] = [Math.floor(i / (channels * group)), i % (channels * group)];
    return Number(Math.floor(filter / (filters / group)) === Math.floor(channel / channels));
  });
  return mul(all, tensor("float32", [filters, channels * group, 1, 1], belongs));
}
