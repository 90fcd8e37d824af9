import { own, put } from "../own.js";
import type { AttentionOutput, Places } from "../policy/attention.js";
import type { Policy } from "../policy/policy.js";
import type { Tensors } from "../runtime/models.js";
import type { AttentionMap, Explanation } from "./explanation.js";

/** The policy's attention on pixels by image modality, from its own outputs; empty for a policy without. */
export function attentionIn({ attention }: Policy, outputs: Tensors): Explanation["attention"] {
  const maps: Record<string, AttentionMap[]> = {};
  for (const output of attention) {
    const data = Float32Array.from(own(outputs, output.tensor)!.data as Float32Array);
    const size = output.down.count * output.across.count;
    const found = output.queries.map((query, q) => ({
      query,
      width: output.across.extent,
      height: output.down.extent,
      data: onPixels(data.subarray(q * size, (q + 1) * size), output),
    }));
    put(maps, output.modality, [...(own(maps, output.modality) ?? []), ...found]);
  }
  return maps;
}

const isPixel = ({ stride, field, padding }: Places): boolean => stride === 1 && field === 1 && padding === 0;

/**
 * A map's weights, each drawn over the pixels that its place sees, and summed where places overlap (Nikulin et al. 2019,
 * §3), as a transposed convolution with a kernel of ones.
 * @param weights [rows × columns]
 * @returns [height × width]
 */
function onPixels(weights: Float32Array, { down, across }: AttentionOutput): Float32Array {
  if (isPixel(down) && isPixel(across)) return weights;
  const wide = new Float32Array(down.count * across.extent);
  for (let row = 0; row < down.count; row++) draw(weights, row * across.count, 1, across, wide, row * across.extent);
  const all = new Float32Array(down.extent * across.extent);
  for (let x = 0; x < across.extent; x++) draw(wide, x, across.extent, down, all, x);
  return all;
}

/** Draws a line of weights over a line of pixels; both lines have the same distance between two elements. */
function draw(
  weights: Float32Array,
  from: number,
  distance: number,
  { count, extent, stride, field, padding }: Places,
  pixels: Float32Array,
  to: number,
): void {
  for (let place = 0; place < count; place++) {
    const weight = weights[from + place * distance]!;
    const first = place * stride - padding;
    const end = Math.min(extent, first + field);
    for (let pixel = Math.max(0, first); pixel < end; pixel++) pixels[to + pixel * distance]! += weight;
  }
}
