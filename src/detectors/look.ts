import type { RgbImage } from "../image/image.js";

/** Cells of a picture along each side. */
export const CELLS = 24;

/** A picture in the numbers that detectors compare. */
export interface Look {
  /** Mean red, green and blue of each cell, 0 to 255, [CELLS × CELLS × 3]. */
  readonly cells: Float32Array;
  /** Mean of all samples, 0 to 255. */
  readonly mean: number;
  /** Part of the samples at 250 or more. */
  readonly bright: number;
  /** Energy of second differences along the rows, as a part of that of first differences: 2 for a step, little for a slope. */
  readonly sharpness: number;
  /** A number that is the same for the same pixels. */
  readonly hash: number;
  readonly image: RgbImage;
}

export function lookAt(image: RgbImage): Look {
  const { width, height, data } = image;
  let [sum, bright, slopes, bends, hash] = [0, 0, 1, 0, 0x811c9dc5];
  for (let k = 0; k < data.length; k++) {
    const value = data[k]!;
    sum += value;
    if (value >= 250) bright++;
    hash = Math.imul(hash ^ value, 0x01000193);
  }
  const row = 3 * width;
  for (let y = 0; y < height; y++) {
    for (let k = y * row + 6; k < (y + 1) * row; k++) {
      const [a, b, c] = [data[k - 6]!, data[k - 3]!, data[k]!];
      slopes += (c - b) ** 2;
      bends += (c - 2 * b + a) ** 2;
    }
  }
  const count = data.length || 1;
  return {
    cells: cellsOf(image),
    mean: sum / count,
    bright: bright / count,
    sharpness: bends / slopes,
    hash: hash >>> 0,
    image,
  };
}

/** Where the pixel of a picture comes from, in pixels. */
export type Place = (x: number, y: number) => readonly [x: number, y: number];

/** Means of the cells; NaN where a cell has no pixel. @param origins samples a changed picture (`originsOf`) */
export function cellsOf({ width, height, data }: RgbImage, origins?: Int32Array): Float32Array {
  const cells = new Float32Array(CELLS * CELLS * 3);
  const counts = new Float32Array(CELLS * CELLS);
  const columns = Uint8Array.from({ length: width }, (_, x) => Math.floor((x * CELLS) / width));
  for (let y = 0, pixel = 0; y < height; y++) {
    const line = Math.floor((y * CELLS) / height) * CELLS;
    for (let x = 0; x < width; x++, pixel++) {
      const from = origins ? origins[pixel]! : pixel;
      if (from < 0) continue;
      const cell = line + columns[x]!;
      counts[cell]!++;
      cells[3 * cell]! += data[3 * from]!;
      cells[3 * cell + 1]! += data[3 * from + 1]!;
      cells[3 * cell + 2]! += data[3 * from + 2]!;
    }
  }
  for (let k = 0; k < cells.length; k++) cells[k]! /= counts[Math.floor(k / 3)]!;
  return cells;
}

/** Number of each cell's pixel in a picture that is changed, [width × height]; −1 beyond its edge. */
export function originsOf(width: number, height: number, from: Place): Int32Array {
  return Int32Array.from({ length: width * height }, (_, pixel) => {
    const [x, y] = from(pixel % width, Math.floor(pixel / width));
    const [px, py] = [Math.round(x), Math.round(y)];
    return px < 0 || py < 0 || px >= width || py >= height ? -1 : py * width + px;
  });
}
