import { type Colormap, colorTable } from "./colormap.js";
import type { Heatmap } from "./explanation.js";
import type { Image, ImageEncoding } from "./observation.js";

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

/**
 * The heatmap over the camera image, of the camera's size: the heatmap is stretched by bilinear interpolation, and
 * its colour covers a pixel by opacity × √level, so that what carries no relevance stays as the camera saw it.
 */
export function overlay(image: Image, heatmap: Heatmap, options: OverlayOptions = {}): RgbImage {
  const { width, height, data } = toRgb(image);
  const table = colorTable(options.colormap ?? "inferno");
  const opacity = options.opacity ?? 0.85;
  const covers = Float32Array.from({ length: 256 }, (_, i) => opacity * Math.sqrt(i / 255));
  const levels = stretch(normalize(heatmap, options), heatmap.width, heatmap.height, width, height);
  for (let i = 0; i < levels.length; i++) {
    const size = Math.round(255 * Math.abs(levels[i]!));
    if (size === 0) continue;
    const cover = covers[size]!;
    const cool = levels[i]! < 0;
    for (let c = 0; c < 3; c++) {
      const under = data[3 * i + c]!;
      data[3 * i + c] = Math.round(under + cover * (table[3 * size + (cool ? 2 - c : c)]! - under));
    }
  }
  return { width, height, data };
}

/** Bilinear interpolation between pixel centres, edges held: [h × w] → [height × width]. */
function stretch(values: Float32Array, w: number, h: number, width: number, height: number): Float32Array {
  if (w === width && h === height) return values;
  const across = samples(w, width);
  const down = samples(h, height);
  const result = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    const top = down.left[y]! * w;
    const bottom = down.right[y]! * w;
    const v = down.weight[y]!;
    for (let x = 0; x < width; x++, i++) {
      const left = across.left[x]!;
      const right = across.right[x]!;
      const u = across.weight[x]!;
      const upper = values[top + left]! * (1 - u) + values[top + right]! * u;
      const lower = values[bottom + left]! * (1 - u) + values[bottom + right]! * u;
      result[i] = upper * (1 - v) + lower * v;
    }
  }
  return result;
}

/** For each of `to` pixels along a line: the two of `from` pixels it lies between, and the weight of the second. */
function samples(from: number, to: number): { left: Uint32Array; right: Uint32Array; weight: Float32Array } {
  const left = new Uint32Array(to);
  const right = new Uint32Array(to);
  const weight = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    left[i] = Math.floor(position);
    right[i] = Math.min(left[i]! + 1, from - 1);
    weight[i] = position - left[i]!;
  }
  return { left, right, weight };
}
