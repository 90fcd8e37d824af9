import type { RgbImage } from "../image/image.js";

/** Images of more pixels are thinned. */
const MOST_PIXELS = 40_000;
/** Every so-manieth pixel of a large image: live and recorded ones are compared at the same size. */
export function thinned(image: RgbImage): RgbImage {
  const step = Math.ceil(Math.sqrt((image.width * image.height) / MOST_PIXELS));
  if (step <= 1) return image;
  const [width, height] = [Math.floor(image.width / step), Math.floor(image.height / step)];
  const data = new Uint8Array(3 * width * height);
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++, to++) data[to] = image.data[3 * (y * step * image.width + x * step) + c]!;
  return { width, height, data };
}
