import type { Heatmap } from "../explain/explanation.js";
import type { Image, ImageEncoding } from "../explain/observation.js";
import { type Colormap, colorTable } from "./colormap.js";
import { type Samples, type StretchedRow, StretchedRows, samples } from "./stretch.js";

/** Pixels red, green, blue, one byte each, row-major without padding: [height × width × 3]. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface HeatmapOptions {
  /** Relevance per pixel, N·m, at the top of the colour map; the heatmap's own peak where left out. */
  readonly scale?: number;
  /**
   * What to show of negative relevance, which speaks against the torque: its size in the map's colours with red and blue
   * exchanged (`cool`, the default), its size like any other (`magnitude`), or nothing (`hide`).
   */
  readonly negative?: "cool" | "magnitude" | "hide";
}

export interface ColorOptions extends HeatmapOptions {
  readonly colormap?: Colormap;
}

export interface OverlayOptions extends ColorOptions {
  /** How much of the colour covers the camera image at the peak, 0..1; 0.85 where left out. */
  readonly opacity?: number;
}

/** Bytes of a pixel, and where red, green and blue lie in it. */
const LAYOUTS: Readonly<Record<ImageEncoding, { bytes: number; rgb: readonly [number, number, number] }>> = {
  rgb8: { bytes: 3, rgb: [0, 1, 2] },
  bgr8: { bytes: 3, rgb: [2, 1, 0] },
  rgba8: { bytes: 4, rgb: [0, 1, 2] },
  bgra8: { bytes: 4, rgb: [2, 1, 0] },
  mono8: { bytes: 1, rgb: [0, 0, 0] },
  "16UC1": { bytes: 2, rgb: [0, 0, 0] },
};

/** Bytes of one pixel in an encoding. */
export function bytesPerPixel(encoding: ImageEncoding): number {
  return LAYOUTS[encoding].bytes;
}

/** Largest size of relevance that `options` show, N·m; 0 where there is none. NaN and infinity are passed over. */
export function peak(heatmap: Heatmap, options: HeatmapOptions = {}): number {
  const { data } = heatmap;
  const both = options.negative !== "hide";
  let top = 0;
  for (let i = 0; i < data.length; i++) {
    const value = both ? Math.abs(data[i]!) : data[i]!;
    if (value > top && value < Number.POSITIVE_INFINITY) top = value;
  }
  return top;
}

/**
 * Relevance → −1..1, [height × width]: divided by the scale, cut off at ±1; all 0 where there is nothing to show. Below 0
 * only where negative relevance is shown apart (`cool`).
 * @throws Error where `data` does not have width × height values.
 */
export function normalize(heatmap: Heatmap, options: HeatmapOptions = {}): Float32Array {
  const { data, width, height } = heatmap;
  if (data.length !== width * height) {
    throw new Error(`heatmap: ${data.length} values, expected ${width} × ${height} = ${width * height}`);
  }
  const result = new Float32Array(data.length);
  const scale = options.scale ?? peak(heatmap, options);
  if (!(scale > 0)) return result;
  const { negative = "cool" } = options;
  const lowest = negative === "cool" ? -1 : 0;
  const perUnit = 1 / scale;
  for (let i = 0; i < data.length; i++) {
    const value = (negative === "magnitude" ? Math.abs(data[i]!) : data[i]!) * perUnit;
    // What is neither above nor below, NaN, stays 0.
    if (value >= lowest) result[i] = value > 1 ? 1 : value;
    else if (value < lowest) result[i] = lowest;
  }
  return result;
}

/** The heatmap in colours, of the heatmap's own size. */
export function colorize(heatmap: Heatmap, options: ColorOptions = {}): RgbImage {
  const table = colorTable(options.colormap ?? "inferno");
  const levels = normalize(heatmap, options);
  const data = new Uint8Array(levels.length * 3);
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i]!;
    const color = 3 * Math.round(255 * Math.abs(level));
    data[3 * i] = table[color + (level < 0 ? 2 : 0)]!;
    data[3 * i + 1] = table[color + 1]!;
    data[3 * i + 2] = table[color + (level < 0 ? 0 : 2)]!;
  }
  return { width: heatmap.width, height: heatmap.height, data };
}

/**
 * A camera image as rgb8, always a copy; alpha is left out, and of 16UC1 the image's largest word is white.
 * @throws Error where `data` does not have the bytes that size and encoding ask for.
 */
export function toRgb(image: Image): RgbImage {
  const { width, height, encoding, data } = image;
  const { bytes, rgb } = LAYOUTS[encoding];
  const pixels = width * height;
  if (data.length !== pixels * bytes) {
    throw new Error(`${encoding} image: ${data.length} bytes, expected ${width} × ${height} × ${bytes}`);
  }
  // Not `slice`: that of a Buffer is no copy.
  if (encoding === "rgb8") return { width, height, data: new Uint8Array(data) };
  const result = new Uint8Array(pixels * 3);
  if (encoding === "16UC1") {
    const word = (i: number) => data[2 * i]! + 256 * data[2 * i + 1]!;
    let largest = 1;
    for (let i = 0; i < pixels; i++) largest = Math.max(largest, word(i));
    for (let i = 0; i < pixels; i++) result.fill(Math.round((255 * word(i)) / largest), 3 * i, 3 * i + 3);
    return { width, height, data: result };
  }
  const [red, green, blue] = rgb;
  for (let to = 0, from = 0; to < result.length; to += 3, from += bytes) {
    result[to] = data[from + red]!;
    result[to + 1] = data[from + green]!;
    result[to + 2] = data[from + blue]!;
  }
  return { width, height, data: result };
}

/** A part of an image, pixels: where it begins, and its size. May reach beyond the image. */
export type Region = readonly [x: number, y: number, width: number, height: number];

/**
 * The heatmap over the camera image, of the camera's size: the heatmap is stretched by bilinear interpolation over the
 * region that it belongs to (default: the whole image), and its colour covers a pixel by opacity × √level, so that what
 * carries no relevance stays as the camera saw it.
 */
export function overlay(image: Image, heatmap: Heatmap, options: OverlayOptions = {}, region?: Region): RgbImage {
  const painting = paintOverlay(image, heatmap, options, region);
  for (;;) {
    const step = painting.next();
    if (step.done) return step.value;
  }
}

/** Pixels between two pauses: about half a millisecond. */
const STRETCH = 2 ** 16;

/** `overlay` with pauses: beside an event loop, which goes on meanwhile. The image is read before the first one. */
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
  const rowsAtOnce = Math.ceil(STRETCH / Math.max(1, across.left.length));
  for (let from = 0; from < down.left.length; from += rowsAtOnce) {
    yield;
    paintRows(result, rows, across.start, down, covers, from, Math.min(from + rowsAtOnce, down.left.length));
  }
  return result;
}

/** Paints rows `from` to `to` of those that `down` names, from pixel `left` on. */
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
/** Levels of the colour map, and their mirror image for negative ones. */
const TOP = 255;

/**
 * What a level −1..1 does to a pixel: four numbers from 4 × (255 × level + 255) on, in fixed point: how much of the pixel
 * stays, and what comes on top of its red, green and blue, one half added for rounding.
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

/** Paints one row of pixels, from byte `at` on, with levels between two rows of the stretched heatmap. */
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
    // Rounds to the nearest: levels are −1..1, so this is never below 0.
    const index = (TOP * level + TOP + 0.5) | 0;
    if (index === TOP) continue;
    const kept = covers[4 * index]!;
    data[i] = (data[i]! * kept + covers[4 * index + 1]!) >> 16;
    data[i + 1] = (data[i + 1]! * kept + covers[4 * index + 2]!) >> 16;
    data[i + 2] = (data[i + 2]! * kept + covers[4 * index + 3]!) >> 16;
  }
}
