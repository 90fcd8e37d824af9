import type { Image, RgbImage } from "./image.js";
import { pixelsOf } from "./pixel-formats.js";

/**
 * A camera image as red, green and blue, always a copy. Alpha is dropped; of depth the image's largest value is white.
 * @throws Error where `data` does not have the number of bytes that size and encoding ask for
 */
export function toRgb(image: Image): RgbImage {
  const { width, height, encoding, data } = image;
  const { bytes, bits, rgb } = pixelsOf(encoding);
  const pixels = width * height;
  if (data.length !== pixels * bytes) {
    throw new Error(`${encoding} image: ${data.length} bytes, expected ${width} × ${height} × ${bytes}`);
  }
  const result = new Uint8Array(pixels * 3);
  if (bits === 16) {
    const word = (i: number) => data[2 * i]! + 256 * data[2 * i + 1]!;
    let largest = 1;
    for (let i = 0; i < pixels; i++) largest = Math.max(largest, word(i));
    for (let i = 0; i < pixels; i++) result.fill(Math.round((255 * word(i)) / largest), 3 * i, 3 * i + 3);
    return { width, height, data: result };
  }
  const [red, green, blue] = rgb;
  // Not `slice`: that of a Buffer is no copy.
  if (bytes === 3 && red === 0 && green === 1) return { width, height, data: new Uint8Array(data) };
  for (let to = 0, from = 0; to < result.length; to += 3, from += bytes) {
    result[to] = data[from + red]!;
    result[to + 1] = data[from + green]!;
    result[to + 2] = data[from + blue]!;
  }
  return { width, height, data: result };
}
