import type { pixelsOf } from "#src/image/pixel-formats.js";
import { toRgb } from "#src/image/rgb.js";
import type { ImageMessage } from "#src/messages/types.js";

/** Paints a camera's raw image. Throws Error for an encoding that the program does not know. */
export function paintImage({ width, height, encoding, data }: ImageMessage): ImageData {
  const known = encoding as Parameters<typeof pixelsOf>[0];
  const rgb = toRgb({ width, height, encoding: known, data, frameId: "" }).data;
  const image = new ImageData(width, height);
  const pixels = image.data;
  for (let i = 0; i < width * height; i++) {
    pixels[4 * i] = rgb[3 * i]!;
    pixels[4 * i + 1] = rgb[3 * i + 1]!;
    pixels[4 * i + 2] = rgb[3 * i + 2]!;
    pixels[4 * i + 3] = 255;
  }
  return image;
}
