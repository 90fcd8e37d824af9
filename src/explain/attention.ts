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
  const [rows, columns] = [stretchesOf(down), stretchesOf(across)];
  const { count, extent } = across;
  // Sums over the columns that see a stretch, for each row of places, then over the rows: as few as there are stretches.
  const wide = new Float32Array(down.count * columns.length);
  for (let row = 0; row < down.count; row++)
    for (const [c, { first, last }] of columns.entries())
      for (let column = first; column <= last; column++)
        wide[row * columns.length + c]! += weights[row * count + column]!;
  const all = new Float32Array(down.extent * extent);
  const line = new Float32Array(columns.length);
  for (const { start, end, first, last } of rows) {
    line.fill(0);
    for (let row = first; row <= last; row++)
      for (let c = 0; c < line.length; c++) line[c]! += wide[row * columns.length + c]!;
    const at = start * extent;
    for (const [c, stretch] of columns.entries()) all.fill(line[c]!, at + stretch.start, at + stretch.end);
    for (let y = start + 1; y < end; y++) all.copyWithin(y * extent, at, at + extent);
  }
  return all;
}

/** Pixels of an axis that the same places see: from `start` to before `end`, by the places `first` to `last`. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly last: number;
}

const known = new WeakMap<Places, readonly Stretch[]>();

function stretchesOf(places: Places): readonly Stretch[] {
  const found = known.get(places) ?? partedBy(places);
  known.set(places, found);
  return found;
}

function partedBy({ count, extent, stride, field, padding }: Places): Stretch[] {
  const seen = Array.from({ length: count }, (_, place) => {
    const first = place * stride - padding;
    return [Math.max(0, first), Math.min(extent, first + field)] as const;
  });
  const edges = [...new Set(seen.flat())].sort((a, b) => a - b);
  return edges.slice(1).flatMap((end, i) => {
    const start = edges[i]!;
    const isSeen = ([from, to]: readonly [number, number]): boolean => from <= start && end <= to;
    const [first, last] = [seen.findIndex(isSeen), seen.findLastIndex(isSeen)];
    return first < 0 ? [] : [{ start, end, first, last }];
  });
}
