import { type Colormap, colorTable } from "./colormap.js";
import { type Heatmap, type HeatmapOptions, normalize } from "./heatmap.js";
import type { Image, Region, RgbImage } from "./image.js";
import { isNotFinite, markNotFinite, NOT_FINITE } from "./not-finite.js";
import { toRgb } from "./rgb.js";
import { type Samples, type StretchedRow, StretchedRows, samples } from "./stretch.js";

export interface ColorOptions extends HeatmapOptions {
  readonly colormap?: Colormap;
}

export interface OverlayOptions extends ColorOptions {
  /** How much of the colour covers the camera image at the peak, 0..1; default 0.85. */
  readonly opacity?: number;
}

/** The heatmap in colours, at its own size; magenta where it is NaN or infinite. */
export function colorize(heatmap: Heatmap, options: ColorOptions = {}): RgbImage {
  const table = colorTable(options.colormap ?? "inferno");
  const levels = normalize(heatmap, options);
  const data = new Uint8Array(levels.length * 3);
  for (let i = 0; i < levels.length; i++) {
    if (!Number.isFinite(heatmap.data[i]!)) {
      data.set(NOT_FINITE, 3 * i);
      continue;
    }
    const level = levels[i]!;
    const color = 3 * Math.round(255 * Math.abs(level));
    data[3 * i] = table[color + (level < 0 ? 2 : 0)]!;
    data[3 * i + 1] = table[color + 1]!;
    data[3 * i + 2] = table[color + (level < 0 ? 0 : 2)]!;
  }
  return { width: heatmap.width, height: heatmap.height, data };
}

/**
 * The heatmap over the camera image, at the camera's size. The heatmap is stretched by bilinear interpolation over its
 * region (default: the whole image); its colour covers a pixel by opacity × √level, so that pixels without relevance stay
 * as the camera saw them. Magenta where relevance is NaN or infinite.
 */
export function overlay(image: Image, heatmap: Heatmap, options: OverlayOptions = {}, region?: Region): RgbImage {
  const painting = paintOverlay(image, heatmap, options, region);
  for (;;) {
    const step = painting.next();
    if (step.done) return step.value;
  }
}

/** Pixels between two pauses: about half a millisecond. */
const PIXELS_AT_ONCE = 2 ** 16;

/** `overlay` with pauses, in which an event loop can do other work. The image is read before the first pause. */
export function* paintOverlay(
  image: Image,
  heatmap: Heatmap,
  options: OverlayOptions = {},
  region: Region = [0, 0, image.width, image.height],
): Generator<undefined, RgbImage> {
  const result = toRgb(image);
  const levels = normalize(heatmap, options);
  const across = samples(heatmap.width, region[0], region[2], image.width);
  const down = samples(heatmap.height, region[1], region[3], image.height);
  const rows = new StretchedRows(levels, heatmap.width, across);
  const covers = coversOf(options);
  const rowsAtOnce = Math.ceil(PIXELS_AT_ONCE / Math.max(1, across.left.length));
  for (let from = 0; from < down.left.length; from += rowsAtOnce) {
    yield;
    paintRows(result, rows, across.start, down, covers, from, Math.min(from + rowsAtOnce, down.left.length));
  }
  if (isNotFinite(heatmap)) markNotFinite(result, heatmap, across, down);
  return result;
}

/** Paints rows `from` to `to` of the rows in `down`, from pixel `left` on. */
function paintRows(
  { width, data }: RgbImage,
  rows: StretchedRows,
  left: number,
  down: Samples,
  covers: Int32Array,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    const upper = rows.at(down.left[i]!);
    const lower = rows.at(down.right[i]!);
    if (upper.isBlank && lower.isBlank) continue;
    paint(data, 3 * ((down.start + i) * width + left), upper, lower, down.weight[i]!, covers);
  }
}

/** Fixed point: 1 is 2^16. */
const ONE = 2 ** 16;
/** The highest level of the colour map; negative levels go down to −TOP. */
const TOP = 255;

/**
 * How each level −1..1 changes a pixel: four fixed-point numbers from index 4 × (255 × level + 255) on, the part of the
 * pixel that stays and the red, green and blue to add, with one half for rounding.
 */
function coversOf({ colormap = "inferno", opacity = 0.85 }: OverlayOptions): Int32Array {
  const table = colorTable(colormap);
  const covers = new Int32Array(4 * (2 * TOP + 1));
  for (let level = -TOP; level <= TOP; level++) {
    const size = Math.abs(level);
    const cover = opacity * Math.sqrt(size / TOP);
    const at = 4 * (level + TOP);
    covers[at] = Math.round(ONE * (1 - cover));
    for (let c = 0; c < 3; c++) {
      covers[at + 1 + c] = Math.round(ONE * cover * table[3 * size + (level < 0 ? 2 - c : c)]!) + ONE / 2;
    }
  }
  return covers;
}

/** Paints one row of pixels, from byte `at` on, with levels interpolated between two rows of the stretched heatmap. */
function paint(
  data: Uint8Array,
  at: number,
  { values: upper }: StretchedRow,
  { values: lower }: StretchedRow,
  weight: number,
  covers: Int32Array,
): void {
  for (let x = 0, i = at; x < upper.length; x++, i += 3) {
    const above = upper[x]!;
    const level = above + weight * (lower[x]! - above);
    // Rounds to nearest: never below 0, because levels are −1..1.
    const index = (TOP * level + TOP + 0.5) | 0;
    if (index === TOP) continue;
    const kept = covers[4 * index]!;
    data[i] = (data[i]! * kept + covers[4 * index + 1]!) >> 16;
    data[i + 1] = (data[i + 1]! * kept + covers[4 * index + 2]!) >> 16;
    data[i + 2] = (data[i + 2]! * kept + covers[4 * index + 3]!) >> 16;
  }
}
