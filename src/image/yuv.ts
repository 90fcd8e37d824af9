import type { Rows } from "./rows.js";

/** Order of the four bytes of two pixels. */
export type YuvOrder = "uyvy" | "yuyv";

// BT.601 of limited range, fixed point with 20 fractional bits: the numbers of OpenCV, and so of cv_bridge.
const SHIFT = 20;
const HALF = 1 << (SHIFT - 1);
const LUMA = 1220542;
const RED_V = 1673527;
const GREEN_U = -409993;
const GREEN_V = -852492;
const BLUE_U = 2116026;

/** YUV 4:2:2 → red, green, blue, [height × width × 3]; two pixels share their colour. The width is even. */
export function unpack({ width, height, step, data }: Rows, order: YuvOrder): Uint8Array {
  // A clamped array clamps on writing; whole numbers are not rounded.
  const result = new Uint8ClampedArray(width * height * 3);
  const [u, y0, v, y1] = order === "uyvy" ? [0, 1, 2, 3] : [1, 0, 3, 2];
  for (let row = 0, to = 0; row < height; row++) {
    for (let at = row * step, end = at + 2 * width; at < end; at += 4, to += 6) {
      const cu = data[at + u]! - 128;
      const cv = data[at + v]! - 128;
      const red = HALF + RED_V * cv;
      const green = HALF + GREEN_U * cu + GREEN_V * cv;
      const blue = HALF + BLUE_U * cu;
      const first = LUMA * Math.max(0, data[at + y0]! - 16);
      const second = LUMA * Math.max(0, data[at + y1]! - 16);
      result[to] = (first + red) >> SHIFT;
      result[to + 1] = (first + green) >> SHIFT;
      result[to + 2] = (first + blue) >> SHIFT;
      result[to + 3] = (second + red) >> SHIFT;
      result[to + 4] = (second + green) >> SHIFT;
      result[to + 5] = (second + blue) >> SHIFT;
    }
  }
  return new Uint8Array(result.buffer);
}
