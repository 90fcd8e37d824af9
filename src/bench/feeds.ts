import { DTYPES } from "../graph/dtype.js";
import { sizeOf } from "../graph/shape.js";
import type { TensorType } from "../graph/value.js";
import { put } from "../own.js";
import type { TensorData } from "../runtime/session.js";

/** The value, in [0, 1), of element `index` of `count`. */
export type Picture = (index: number, count: number) => number;

export const NOISE: Picture = (index) => ((Math.imul(index + 1, 2654435761) >>> 8) & 0xffff) / 0x10000;
export const WAVES: Picture = (index) => 0.5 + 0.5 * Math.sin(index / 97);
export const SQUARE: Picture = (index, count) => (Math.abs(index / count - 0.4) < 0.05 ? 0.9 : 0);

/** Values for a model's inputs, the same every time: bytes over their whole range, floats in [0, 1), other whole numbers 0, importance 1. */
export function sampleFeeds(
  inputs: Iterable<readonly [name: string, input: TensorType]>,
  picture: Picture = NOISE,
): Record<string, TensorData> {
  const feeds: Record<string, TensorData> = {};
  for (const [name, { dtype, shape }] of inputs) {
    const size = sizeOf(shape);
    const data = new (DTYPES[dtype].array as Float32ArrayConstructor)(size);
    if (name === "torquelens.importance") data.fill(1);
    // Whole numbers may be indices, and 0 is one of anything: 64-bit integers stay 0, as the others round to.
    else if (!dtype.endsWith("int64"))
      for (let i = 0; i < size; i++) data[i] = (dtype === "uint8" ? 255 : 1) * Math.fround(picture(i, size));
    put(feeds, name, { dtype, shape, data });
  }
  return feeds;
}
