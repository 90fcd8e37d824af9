import type { Rows } from "./rows.js";

/** Column and row parity of the red pixels. */
const RED = { rggb: [0, 0], grbg: [1, 0], gbrg: [0, 1], bggr: [1, 1] } as const;
export type BayerPattern = keyof typeof RED;

/**
 * Bayer mosaic → red, green, blue, [height × width × 3], by bilinear interpolation: a colour that a pixel lacks is the
 * rounded mean of the two or four neighbours that have it. The image is mirrored at its edges, which keeps the mosaic's
 * order. At least 2 × 2 pixels.
 */
export function demosaic({ width, height, step, data }: Rows, pattern: BayerPattern): Uint8Array {
  const result = new Uint8Array(width * height * 3);
  const [redX, redY] = RED[pattern];
  for (let y = 0, to = 0; y < height; y++) {
    const here = y * step;
    const above = (y === 0 ? 1 : y - 1) * step;
    const below = (y === height - 1 ? height - 2 : y + 1) * step;
    const isRedRow = (y & 1) === redY;
    // The colour of this row other than green, and that of the rows above and below.
    const own = isRedRow ? 0 : 2;
    const other = 2 - own;
    // Column parity of the pixels of that colour.
    const parity = isRedRow ? redX : 1 - redX;
    for (let x = 0; x < width; x++, to += 3) {
      const left = x === 0 ? 1 : x - 1;
      const right = x === width - 1 ? width - 2 : x + 1;
      const value = data[here + x]!;
      const beside = data[here + left]! + data[here + right]!;
      const over = data[above + x]! + data[below + x]!;
      if ((x & 1) === parity) {
        const corners = data[above + left]! + data[above + right]! + data[below + left]! + data[below + right]!;
        result[to + own] = value;
        result[to + 1] = (beside + over + 2) >> 2;
        result[to + other] = (corners + 2) >> 2;
      } else {
        result[to + own] = (beside + 1) >> 1;
        result[to + 1] = value;
        result[to + other] = (over + 1) >> 1;
      }
    }
  }
  return result;
}
