import { type Colormap, colorTable } from "./colormap.js";
import type { Heatmap } from "./explanation.js";
import type { Image, ImageEncoding } from "./observation.js";
import { type StretchedRow, StretchedRows, samples } from "./stretch.js";

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
  // The upper byte.
  "16UC1": { bytes: 2, rgb: [1, 1, 1] },
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
  for (let i = 0; i < data.length; i++) {
    const value = (negative === "magnitude" ? Math.abs(data[i]!) : data[i]!) / scale;
    if (!Number.isNaN(value)) result[i] = Math.min(Math.max(value, lowest), 1);
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
 * A camera image as rgb8, always a copy; alpha is left out.
 * @throws Error where `data` does not have the bytes that size and encoding ask for.
 */
export function toRgb(image: Image): RgbImage {
  const { width, height, encoding, data } = image;
  const { bytes, rgb } = LAYOUTS[encoding];
  const pixels = width * height;
  if (data.length !== pixels * bytes) {
    throw new Error(`${encoding} image: ${data.length} bytes, expected ${width} × ${height} × ${bytes}`);
  }
  if (encoding === "rgb8") return { width, height, data: data.slice() };
  const result = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) result[3 * i + c] = data[bytes * i + rgb[c]!]!;
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
export function overlay(
  image: Image,
  heatmap: Heatmap,
  options: OverlayOptions = {},
  region: Region = [0, 0, image.width, image.height],
): RgbImage {
  const result = toRgb(image);
  const levels = normalize(heatmap, options);
  const across = samples(heatmap.width, region[0], region[2], image.width);
  const down = samples(heatmap.height, region[1], region[3], image.height);
  const rows = new StretchedRows(levels, heatmap.width, across);
  const covers = coversOf(options);
  for (let i = 0; i < down.left.length; i++) {
    const upper = rows.at(down.left[i]!);
    const lower = rows.at(down.right[i]!);
    if (upper.isBlank && lower.isBlank) continue;
    const at = 3 * ((down.start + i) * image.width + across.start);
    paint(result.data, at, upper, lower, down.weight[i]!, covers);
  }
  return result;
}

/**
 * What a level −1..1 does to a byte: under × keep + color, by 255 × level + 255. Rounded where the byte is cut off.
 */
interface Covers {
  readonly keep: Float64Array;
  readonly color: readonly [red: Float64Array, green: Float64Array, blue: Float64Array];
}

function coversOf({ colormap = "inferno", opacity = 0.85 }: OverlayOptions): Covers {
  const table = colorTable(colormap);
  const cover = (i: number): number => opacity * Math.sqrt(Math.abs(i - 255) / 255);
  const channel = (c: number): Float64Array =>
    Float64Array.from({ length: 511 }, (_, i) => {
      const size = Math.abs(i - 255);
      return cover(i) * table[3 * size + (i < 255 ? 2 - c : c)]! + 0.5;
    });
  return {
    keep: Float64Array.from({ length: 511 }, (_, i) => 1 - cover(i)),
    color: [channel(0), channel(1), channel(2)],
  };
}

/** Paints one row of pixels, from byte `at` on, with levels between two rows of the stretched heatmap. */
function paint(
  data: Uint8Array,
  at: number,
  { values: upper }: StretchedRow,
  { values: lower }: StretchedRow,
  weight: number,
  { keep, color: [red, green, blue] }: Covers,
): void {
  for (let x = 0, i = at; x < upper.length; x++, i += 3) {
    const above = upper[x]!;
    const level = above + weight * (lower[x]! - above);
    // Rounds to the nearest: levels are −1..1, so this is never below 0.
    const index = (255 * level + 255.5) | 0;
    if (index === 255) continue;
    const kept = keep[index]!;
    data[i] = data[i]! * kept + red[index]!;
    data[i + 1] = data[i + 1]! * kept + green[index]!;
    data[i + 2] = data[i + 2]! * kept + blue[index]!;
  }
}
