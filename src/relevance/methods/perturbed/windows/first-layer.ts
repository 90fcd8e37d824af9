import { inferenceOf } from "../../../../backward/rule.js";
import { apply } from "../../../../graph/apply.js";
import {
  add,
  concat,
  constant,
  int64,
  matmul,
  mul,
  reshape,
  tensor,
  transpose,
  zeros,
} from "../../../../graph/build.js";
import type { Node, Value } from "../../../../graph/value.js";
import { Cells, inRows } from "./cells.js";
import { slidingOf } from "./layers.js";
import { AlongAxis, type SeparableMasks } from "./masks.js";
import type { Pixels } from "./pixels.js";
import { NONE, type Place, Places, type Sliding, seeing, seen } from "./places.js";

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

/** Elements of the largest constant that the runtime may compute when it loads the model. */
const MOST_CONSTANT = 2 ** 20;

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
  return new Cells(
    map,
    rows.places,
    columns.places,
    () => {
      const filters = map.shape[1]!;
      const products = masks.down.length;
      const [kh, kw] = [down.kernel, across.kernel];
      const cells = rows.places.list.length * columns.places.list.length;
      const some = (value: Value) =>
        rows.at.length === down.to ? value : apply("Gather", [value, int64(rows.at)], { axis: 0 });
      // [oy, 1, rows · t, ky] [oy, ox, ky, kx · f]
      const byRow = matmul(
        tensor("float32", [rows.at.length, 1, rows.each * products, kh], rows.numbers),
        some(layer.parts),
      );
      // [1, ox, 1, columns, t · kx] [oy, ox, rows, t · kx, f]
      const weights = tensor("float32", [1, across.to, 1, columns.each, products * kw], columns.numbers);
      const parts = reshape(byRow, [rows.at.length, across.to, rows.each, products * kw, filters]);
      const scaled = (value: Value) => scaledBy(masks, value, rows, columns);
      // The runtime scales constants once.
      const isSmall = cells * products * kw <= MOST_CONSTANT;
      const change = isSmall ? matmul(scaled(weights), parts) : scaled(matmul(weights, parts));
      const own = some(reshape(inRows(map), [down.to, across.to, 1, 1, filters]));
      return reshape(add(own, change), [cells, filters]);
    },
    {
      row: (i) => Math.floor(i / rows.each) * across.to * rows.each * columns.each + (i % rows.each) * columns.each,
      column: (i) => Math.floor(i / columns.each) * rows.each * columns.each + (i % columns.each),
    },
  );
}

/** Multiplications of the first layer. */
export function firstLayerCost(node: Node, cells: Cells, masks: SeparableMasks): number {
  const [down, across] = slidingOf(node);
  const [filters, channels] = node.inputs[1]!.shape as [number, number];
  const { length } = masks.down;
  const parts = down.to * across.to * down.kernel * across.kernel * channels;
  const byRow = cells.rows.list.length * length * down.kernel * across.kernel * across.to;
  return filters * (parts + byRow + cells.size * length * across.kernel);
}

/** Values [oy, ox, rows, columns, n], each times the scale of its mask. */
function scaledBy({ down, across, scale }: SeparableMasks, value: Value, rows: Filled, columns: Filled): Value {
  if (!scale) return value;
  const numbers = reshape(constant(scale), [down[0]!.shape[0]!, across[0]!.shape[0]!]);
  const at = ({ places }: Filled) => int64(places.list.map(({ of }) => Math.max(of, 0)));
  const each = apply("Gather", [apply("Gather", [numbers, at(rows)], { axis: 0 }), at(columns)], { axis: 1 });
  const apart = reshape(each, [rows.at.length, rows.each, columns.at.length, columns.each, 1]);
  return mul(value, transpose(apart, [0, 2, 1, 3, 4]));
}

function elementParts(node: Node, difference: Value): Value {
  const [down, across] = slidingOf(node);
  const weight = ungrouped(node);
  const [filters, channels, kh, kw] = weight.shape as [number, number, number, number];
  const pixels = concat([inRows(difference), zeros([1, channels])], 0);
  const padding = down.from * across.from;
  const at: number[] = [];
  for (let ky = 0; ky < kh; ky++)
    for (let kx = 0; kx < kw; kx++)
      for (let oy = 0; oy < down.to; oy++)
        for (let ox = 0; ox < across.to; ox++) {
          const [y, x] = [seen(down, oy, ky), seen(across, ox, kx)];
          at.push(y === -1 || x === -1 ? padding : y * across.from + x);
        }
  const windows = apply("Gather", [pixels, tensor("int32", [kh * kw, down.to * across.to], at)], { axis: 0 });
  const matrices = reshape(transpose(weight, [2, 3, 1, 0]), [kh * kw, channels, filters]);
  const parts = reshape(matmul(windows, matrices), [kh, kw, down.to, across.to, filters]);
  return reshape(transpose(parts, [2, 3, 0, 1, 4]), [down.to, across.to, kh, kw * filters]);
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

/** Changes that reach the places after a window: of each place as many, NONE where there are fewer. */
interface Filled {
  readonly places: Places;
  readonly at: readonly number[];
  /** Changes of a place. */
  readonly each: number;
  /** The masks' numbers in the window of each change of each place, [at, each, products, kernel]. */
  readonly numbers: Float32Array;
}

/** @param every true where places that no change reaches are in the list, too */
function filled(sliding: Sliding, mask: AlongAxis, chosen: readonly number[], every = false): Filled {
  const reaching = new Map<number, Set<number>>();
  for (const change of chosen)
    for (const pixel of mask.reached(change, sliding.from))
      for (const place of seeing(sliding, pixel)) reaching.set(place, (reaching.get(place) ?? new Set()).add(change));
  const at = every ? Array.from({ length: sliding.to }, (_, i) => i) : [...reaching.keys()].sort((a, b) => a - b);
  const each = Math.max(1, ...Array.from(reaching.values(), ({ size }) => size));
  const list = at.flatMap((place): Place[] => {
    const changes = [...(reaching.get(place) ?? [])];
    return Array.from({ length: each }, (_, i) => ({ of: changes[i] ?? NONE, at: place }));
  });
  const { kernel } = sliding;
  const { products } = mask;
  const numbers = new Float32Array(list.length * products * kernel);
  for (const [i, { of, at: place }] of list.entries())
    for (let t = 0; t < products; t++)
      for (let k = 0; k < kernel; k++) {
        const pixel = seen(sliding, place, k);
        if (of !== NONE && pixel !== -1) numbers[(i * products + t) * kernel + k] = mask.number(t, of, pixel);
      }
  return { places: new Places(sliding.to, list), at, each, numbers };
}
