import type { Heatmap } from "./heatmap.js";
import type { RgbImage } from "./image.js";
import type { Samples } from "./stretch.js";

/** Magenta, which is in none of the colour maps. */
export const NOT_FINITE = [255, 0, 255] as const;

/** True where relevance is NaN or infinite somewhere in a heatmap. */
export const isNotFinite = ({ data }: Heatmap): boolean => !data.every(Number.isFinite);

/** Paints the pixels whose nearest cell of the heatmap is NaN or infinite. */
export function markNotFinite(into: RgbImage, heatmap: Heatmap, across: Samples, down: Samples): void {
  const nearest = ({ left, right, weight }: Samples, i: number) => (weight[i]! < 0.5 ? left[i]! : right[i]!);
  for (let y = 0; y < down.left.length; y++) {
    const row = nearest(down, y) * heatmap.width;
    for (let x = 0; x < across.left.length; x++) {
      if (Number.isFinite(heatmap.data[row + nearest(across, x)]!)) continue;
      into.data.set(NOT_FINITE, 3 * ((down.start + y) * into.width + across.start + x));
    }
  }
}
