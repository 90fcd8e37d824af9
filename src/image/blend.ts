import { type Heatmap, normalize } from "./heatmap.js";
import type { Image, Region, RgbImage } from "./image.js";
import { isNotFinite, markNotFinite } from "./not-finite.js";
import { toRgb } from "./rgb.js";
import { StretchedRows, samples } from "./stretch.js";

/** Added to attention, whose largest value is 1, so that pixels without any can be seen: they keep a fifth of their light. */
const ATTENTION_BIAS = 0.25;

/** Part of a pixel's light that stays, by its level of attention 0..1. */
export const lightAt = (level: number): number => (level + ATTENTION_BIAS) / (1 + ATTENTION_BIAS);

/** Pixels between two pauses: about half a millisecond. */
const PIXELS_AT_ONCE = 2 ** 16;

/**
 * The camera image in the light of attention: a map's largest value is 1, a bias is added, the map is stretched over its
 * region (default: the whole image), and each channel of a pixel is weighted with it (Manchin et al. 2019, as reproduced by
 * Lovering et al. 2019, §4.3). Magenta where attention is NaN or infinite. Several maps give pictures side by side.
 */
export function blend(image: Image, maps: readonly Heatmap[], region?: Region): RgbImage {
  const painting = paintBlend(image, maps, region);
  for (;;) {
    const step = painting.next();
    if (step.done) return step.value;
  }
}

/** `blend` with pauses, in which an event loop can do other work. The image is read before the first pause. */
export function* paintBlend(
  image: Image,
  maps: readonly Heatmap[],
  region: Region = [0, 0, image.width, image.height],
): Generator<undefined, RgbImage> {
  const plain = toRgb(image);
  const blended: RgbImage[] = [];
  for (const map of maps) {
    const picture = { ...plain, data: plain.data.slice() };
    blended.push(picture);
    yield* light(picture, map, region);
  }
  return blended.length === 1 ? blended[0]! : sideBySide(blended);
}

function* light(picture: RgbImage, map: Heatmap, region: Region): Generator<undefined, void> {
  const { width, height, data } = picture;
  const across = samples(map.width, region[0], region[2], width);
  const down = samples(map.height, region[1], region[3], height);
  const rows = new StretchedRows(normalize(map, { negative: "hide" }), map.width, across);
  const rowsAtOnce = Math.ceil(PIXELS_AT_ONCE / Math.max(1, width));
  const line = new Float32Array(width);
  for (let y = 0; y < height; y++) {
    if (y % rowsAtOnce === 0) yield;
    // What the policy does not see has no attention.
    line.fill(0);
    const i = y - down.start;
    if (i >= 0 && i < down.left.length) {
      const [upper, lower, weight] = [rows.at(down.left[i]!).values, rows.at(down.right[i]!).values, down.weight[i]!];
      for (let x = 0; x < upper.length; x++) line[across.start + x] = upper[x]! + weight * (lower[x]! - upper[x]!);
    }
    for (let x = 0, at = 3 * y * width; x < width; x++, at += 3) {
      const stays = lightAt(line[x]!);
      for (let c = 0; c < 3; c++) data[at + c] = Math.round(stays * data[at + c]!);
    }
  }
  if (isNotFinite(map)) markNotFinite(picture, map, across, down);
}

/** Pictures of one size in one row. */
function sideBySide(pictures: readonly RgbImage[]): RgbImage {
  const { width, height } = pictures[0]!;
  const [count, row] = [pictures.length, 3 * width];
  const data = new Uint8Array(count * row * height);
  for (const [p, picture] of pictures.entries())
    for (let y = 0; y < height; y++) data.set(picture.data.subarray(y * row, (y + 1) * row), (y * count + p) * row);
  return { width: count * width, height, data };
}
