import { apply } from "../../../../graph/apply.js";
import {
  add,
  concat,
  constant,
  full,
  int64,
  matmul,
  mul,
  reshape,
  sum,
  tensor,
  transpose,
} from "../../../../graph/build.js";
import type { Value } from "../../../../graph/value.js";
import type { AlongAxis, SeparableMasks } from "./masks.js";
import { NONE, type Place, Places, type Sliding, seeing, seen } from "./places.js";

/** Elements of the largest constant that the runtime may compute when it loads the model. */
const MOST_CONSTANT = 2 ** 21;

/** Changes that reach the places after a window: of each place as many, NONE where there are fewer. */
export interface Filled {
  readonly places: Places;
  readonly at: readonly number[];
  /** Changes of a place. */
  readonly each: number;
  readonly kernel: number;
  /** The masks' numbers in the window of each change of each place, [at, each, products, kernel]. */
  readonly numbers: Float32Array;
}

/** @param every true where places that no change reaches are in the list, too */
export function filled(sliding: Sliding, mask: AlongAxis, chosen: readonly number[], every = false): Filled {
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
  return { places: new Places(sliding.to, list), at, each, kernel, numbers };
}

/** True where the numbers of all masks at all elements of all windows are one constant. */
export const isByPixels = (cells: number, window: number): boolean => cells * (window + 1) <= MOST_CONSTANT;

/**
 * What masks make of the places after the first layer, [oy, ox, rows, columns, f].
 * @param parts what each element of a window adds, [oy, ox, ky, kx · f]
 * @param own the map without changes, [oy · ox, 1, f], or so often repeated along the last axis
 */
export function changes(
  masks: SeparableMasks,
  rows: Filled,
  columns: Filled,
  parts: Value,
  own: (repeated: number) => Value,
): Value {
  const window = rows.kernel * columns.kernel;
  const isByPixel = isByPixels(rows.places.list.length * columns.places.list.length, window);
  return (isByPixel ? byPixels : byProducts)(masks, rows, columns, parts, own);
}

/** Masks are matrices [rows · columns, ky · kx]; the last column takes the map itself. */
const byPixels: typeof changes = (masks, rows, columns, parts, own) => {
  const [oy, ox, kh, kw] = [rows.at.length, columns.at.length, rows.kernel, columns.kernel];
  const products = masks.down.length;
  const numbers = mul(
    tensor("float32", [oy, 1, rows.each, 1, products, kh, 1], rows.numbers),
    tensor("float32", [1, ox, 1, columns.each, products, 1, kw], columns.numbers),
  );
  const all = reshape(sum(numbers, [4], false), [oy, ox, rows.each, columns.each, kh * kw]);
  const [places, each] = [oy * ox, rows.each * columns.each];
  const matrices = reshape(scaledBy(masks, all, rows, columns), [places, each, kh * kw]);
  const elements = reshape(parts, [places, kh * kw, -1]);
  return matmul(concat([matrices, full([places, each, 1], 1)], 2), concat([elements, own(1)], 1));
};

/** Rows of the masks are summed once for all columns of the grid. */
const byProducts: typeof changes = (masks, rows, columns, parts, own) => {
  const [oy, ox, kh, kw] = [rows.at.length, columns.at.length, rows.kernel, columns.kernel];
  const products = masks.down.length;
  // [oy, 1, rows · t, ky] [oy, ox, ky, kx · f]
  const byRow = matmul(tensor("float32", [oy, 1, rows.each * products, kh], rows.numbers), parts);
  // [1, ox, 1, columns, t · kx] [oy, ox, rows, t · kx, f]
  const weights = tensor("float32", [1, ox, 1, columns.each, products * kw], columns.numbers);
  const sums = reshape(byRow, [oy, ox, rows.each, products * kw, -1]);
  const scaled = (value: Value) => scaledBy(masks, value, rows, columns);
  // The runtime scales constants once.
  const isSmall = rows.places.list.length * columns.places.list.length * products * kw <= MOST_CONSTANT;
  const change = isSmall ? matmul(scaled(weights), sums) : scaled(matmul(weights, sums));
  return add(reshape(change, [oy * ox, rows.each, -1]), own(columns.each));
};

/** Values [oy, ox, rows, columns, n], each times the scale of its mask. */
function scaledBy({ down, across, scale }: SeparableMasks, value: Value, rows: Filled, columns: Filled): Value {
  if (!scale) return value;
  const numbers = reshape(constant(scale), [down[0]!.shape[0]!, across[0]!.shape[0]!]);
  const at = ({ places }: Filled) => int64(places.list.map(({ of }) => Math.max(of, 0)));
  const each = apply("Gather", [apply("Gather", [numbers, at(rows)], { axis: 0 }), at(columns)], { axis: 1 });
  const apart = reshape(each, [rows.at.length, rows.each, columns.at.length, columns.each, 1]);
  return mul(value, transpose(apart, [0, 2, 1, 3, 4]));
}
