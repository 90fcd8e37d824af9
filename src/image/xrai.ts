import { edgesOf, segmented } from "./felzenszwalb.js";
import { splineResized } from "./spline.js";

/**
 * XRAI (Kapishnikov et al., XRAI: Better Attributions Through Regions, ICCV 2019): regions of a picture in the order of
 * how much relevance a pixel of them has. Numbers are those of the authors' package `saliency`.
 */

/** Scales of the segmentation, its blur and smallest segment, on a picture of this side with values in −1 … 1. */
const SCALES = [50, 100, 150, 250, 500, 1200];
const SIGMA = 0.8;
const LEAST = 150;
const SIDE = 224;
/** Pixels that a segment grows by. */
const GROWTH = 5;
/** Pixels that a region must add to those before it. */
const FEWEST = 50;

/** A region, as 1 for each of its pixels [H · W], and the number of them. */
type Mask = Uint8Array;

/** Relevance of regions, and their ranks. */
export interface Regions {
  /** Mean relevance of the pixels that a pixel's region added, [H, W]. */
  readonly map: Float64Array;
  /** Rank of a pixel's region from 1 on, [H, W]: the first is the most relevant. */
  readonly ranks: Int32Array;
}

/** Overlapping segments of a picture [H, W, C] at all scales, each grown a little. */
export function segmentsOf(data: Float64Array, size: readonly [number, number, number]): Mask[] {
  const [height, width, channels] = size;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of data) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const span = high - low || 1;
  const scaled = data.map((value) => (2 * (value - low)) / span - 1);
  const large = splineResized(scaled, size, [SIDE, SIDE]);
  const edges = edgesOf(large, [SIDE, SIDE, channels], SIGMA);
  return SCALES.flatMap((scale) => {
    const labels = segmented(edges, scale, LEAST);
    const near = (i: number, extent: number): number =>
      Math.min(SIDE - 1, Math.floor((i + 0.5) * (SIDE / extent) - 0.5 + 0.5));
    const small = Int32Array.from({ length: height * width }, (_, pixel) => {
      const [y, x] = [near(Math.floor(pixel / width), height), near(pixel % width, width)];
      return labels[y * SIDE + x]!;
    });
    const [least, most] = [small.reduce((a, b) => Math.min(a, b)), small.reduce((a, b) => Math.max(a, b))];
    return Array.from({ length: most - least + 1 }, (_, i) => grown(maskOf(small, least + i), height, width));
  });
}

const maskOf = (labels: Int32Array, label: number): Mask => Uint8Array.from(labels, (one) => (one === label ? 1 : 0));

/** A mask with all pixels within `GROWTH` of it. */
function grown(mask: Mask, height: number, width: number): Mask {
  const result = new Uint8Array(mask.length);
  for (let pixel = 0; pixel < mask.length; pixel++) {
    if (mask[pixel] === 0) continue;
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    for (let dy = -GROWTH; dy <= GROWTH; dy++) {
      const reach = Math.floor(Math.sqrt(GROWTH ** 2 - dy ** 2));
      if (y + dy < 0 || y + dy >= height) continue;
      const row = (y + dy) * width;
      result.fill(1, row + Math.max(0, x - reach), row + Math.min(width - 1, x + reach) + 1);
    }
  }
  return result;
}

/**
 * Regions of a picture by relevance [H, W]: again and again the segment whose new pixels have the largest mean, until none
 * adds enough of them. What is left is the last region.
 */
export function regionsOf(relevance: ArrayLike<number>, segments: readonly Mask[]): Regions {
  const count = relevance.length;
  const taken = new Uint8Array(count);
  const map = new Float64Array(count);
  const regions: { readonly pixels: readonly number[]; readonly gain: number }[] = [];
  let left = [...segments];
  let covered = 0;
  while (covered <= count) {
    let best: { pixels: number[]; gain: number; mask: Mask } | undefined;
    const kept: Mask[] = [];
    for (const mask of left) {
      const pixels: number[] = [];
      let sum = 0;
      for (let i = 0; i < count; i++) {
        if (mask[i] === 0 || taken[i] === 1) continue;
        pixels.push(i);
        sum += relevance[i]!;
      }
      if (pixels.length < FEWEST) continue;
      kept.push(mask);
      const gain = sum / pixels.length;
      if (best === undefined || gain > best.gain) best = { pixels, gain, mask };
    }
    if (best === undefined) break;
    const { mask: chosen, pixels, gain } = best;
    left = kept.filter((mask) => mask !== chosen);
    for (const pixel of pixels) {
      taken[pixel] = 1;
      map[pixel] = gain;
    }
    covered += pixels.length;
    regions.push({ pixels, gain });
  }
  const rest = Array.from(taken.keys()).filter((pixel) => taken[pixel] === 0);
  const mean = rest.reduce((sum, pixel) => sum + relevance[pixel]!, 0) / rest.length;
  for (const pixel of rest) map[pixel] = mean;
  const ranks = new Int32Array(count);
  const inOrder = regions.toSorted((a, b) => b.gain - a.gain).map(({ pixels }) => pixels);
  [...inOrder, ...(rest.length > 0 ? [rest] : [])].forEach((pixels, i) => {
    for (const pixel of pixels) ranks[pixel] = i + 1;
  });
  return { map, ranks };
}
