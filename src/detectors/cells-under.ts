import type { RgbImage } from "../image/image.js";
import type { Change, Shift } from "./camera-moves.js";
import { CELLS, cellsOf, originsOf } from "./look.js";

/** Sums of the samples above and to the left of each pixel, [height + 1, width + 1, 3]. */
const known = new WeakMap<RgbImage, Float64Array>();

function sumsOf(image: RgbImage): Float64Array {
  const { width, height, data } = image;
  const found = known.get(image);
  if (found) return found;
  const row = 3 * (width + 1);
  const sums = new Float64Array(row * (height + 1));
  for (let y = 0, from = 0; y < height; y++) {
    const line = [0, 0, 0];
    for (let x = 0, to = row * (y + 1) + 3; x < width; x++) {
      for (let c = 0; c < 3; c++, to++, from++) {
        line[c]! += data[from]!;
        sums[to] = sums[to - row]! + line[c]!;
      }
    }
  }
  known.set(image, sums);
  return sums;
}

const ORIGINS = new Map<string, Int32Array>();

/** Means of a picture's cells once a change of the camera is undone; NaN where a cell has no pixel. */
export function cellsUnder(image: RgbImage, change: Change): Float32Array {
  if (change.kind === "shift") return shifted(image, change);
  const { width, height } = image;
  const key = `${change.zoom} ${width} ${height}`;
  const origins = ORIGINS.get(key) ?? originsOf(width, height, change.place(width, height));
  ORIGINS.set(key, origins);
  return cellsOf(image, origins);
}

/** As `cellsUnder`: cells of a shifted picture are rectangles of it. */
function shifted(image: RgbImage, { dx, dy }: Shift): Float32Array {
  const { width, height } = image;
  const sums = sumsOf(image);
  const row = 3 * (width + 1);
  const columns = edgesOf(width, Math.round(dx * width));
  const lines = edgesOf(height, Math.round(dy * width));
  const cells = new Float32Array(CELLS * CELLS * 3);
  for (let line = 0, k = 0; line < CELLS; line++) {
    const [top, bottom] = [row * lines[line]!, row * lines[line + 1]!];
    for (let column = 0; column < CELLS; column++) {
      const [left, right] = [3 * columns[column]!, 3 * columns[column + 1]!];
      const pixels = ((bottom - top) / row) * ((right - left) / 3);
      for (let c = 0; c < 3; c++, k++)
        cells[k] =
          (sums[bottom + right + c]! - sums[bottom + left + c]! - sums[top + right + c]! + sums[top + left + c]!) /
          pixels;
    }
  }
  return cells;
}

/** Pixels at which cells along a side begin in a picture that is moved, and the last one ends. */
const edgesOf = (pixels: number, by: number): number[] =>
  Array.from({ length: CELLS + 1 }, (_, cell) =>
    Math.max(0, Math.min(pixels, Math.ceil((cell * pixels) / CELLS) + by)),
  );
