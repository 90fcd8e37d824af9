import { COLORMAPS, type Colormap, colorTable } from "#src/image/colormap.js";
import type { Heatmap } from "#src/image/heatmap.js";

/** Blue for negative, red for positive relevance; its alpha alone fades to nothing at 0. */
const DIVERGING = "blue-red";
export const PALETTES = [...COLORMAPS, DIVERGING] as const;
export type Palette = Colormap | typeof DIVERGING;

export const isSigned = ({ palette }: Drawing): boolean => palette === DIVERGING;

/** How the page draws heatmaps. */
export interface Drawing {
  readonly palette: Palette;
  /** 0..1. */
  readonly opacity: number;
  /** Relevance below this part of the scale is not drawn, 0..1. */
  readonly threshold: number;
  /** Relevance of the strongest colour, N·m per pixel; undefined: the tick's own peak. */
  readonly scale: number | undefined;
}

export const DEFAULT_DRAWING: Drawing = { palette: "inferno", opacity: 0.85, threshold: 0, scale: undefined };

/** Colours of levels −255..255, 4 bytes each, with the alpha of `overlay` in the program: opacity × √level. */
export function paletteOf({ palette, opacity, threshold }: Drawing): Uint8ClampedArray {
  const table = new Uint8ClampedArray(511 * 4);
  for (let level = -255; level <= 255; level++) {
    const size = Math.abs(level);
    const at = 4 * (level + 255);
    table.set(colorOf(palette, level), at);
    table[at + 3] = size < threshold * 255 || size === 0 ? 0 : 255 * opacity * Math.sqrt(size / 255);
  }
  return table;
}

function colorOf(palette: Palette, level: number): readonly number[] {
  if (palette === DIVERGING) return level < 0 ? [33, 102, 204] : [204, 33, 40];
  const table = colorTable(palette);
  const at = 3 * Math.abs(level);
  const [red, green, blue] = [table[at]!, table[at + 1]!, table[at + 2]!];
  return level < 0 ? [blue, green, red] : [red, green, blue];
}

/** Pixels come from messages: a canvas in the memory of the graphics card would only be one copy more. */
export const paper = (canvas: HTMLCanvasElement) => canvas.getContext("2d", { willReadFrequently: true })!;

/** The picture painted last, taken again for the next one of its size. */
let last: ImageData | undefined;

/**
 * Paints relevance as colours of a palette, [height × width × 4]; magenta where it is no number.
 * @returns valid until the next call
 */
export function paintHeatmap({ width, height, data }: Heatmap, scale: number, palette: Uint8ClampedArray): ImageData {
  if (last?.width !== width || last.height !== height) last = new ImageData(width, height);
  const image = last;
  const pixels = image.data;
  const factor = scale > 0 ? 255 / scale : 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (!Number.isFinite(value)) {
      pixels.set([255, 0, 255, 255], 4 * i);
      continue;
    }
    const level = Math.max(-255, Math.min(255, Math.round(value * factor)));
    const from = 4 * (level + 255);
    pixels[4 * i] = palette[from]!;
    pixels[4 * i + 1] = palette[from + 1]!;
    pixels[4 * i + 2] = palette[from + 2]!;
    pixels[4 * i + 3] = palette[from + 3]!;
  }
  return image;
}
