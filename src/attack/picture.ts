import type { RgbImage } from "../image/image.js";
import { largestSample, pixelsOf } from "../image/pixel-formats.js";
import type { ImageModality } from "../policy/modalities.js";

/** Columns between two images. */
const GAP = 4;
const GREY = 128;

/**
 * Three images side by side: the policy's newest image, the changed one, and their difference around grey, as large as fits.
 * Given are elements of the policy's tensor.
 */
export function attackPicture(modality: ImageModality, before: Float32Array, after: Float32Array): RgbImage {
  const { width, height, range, scale, encoding } = modality;
  const white = 255 / largestSample(encoding);
  const whole = 3 * width + 2 * GAP;
  const data = new Uint8Array(3 * whole * height).fill(255);
  const sample = (of: Float32Array, at: number) => ((of[at]! - range[0]) / scale) * white;
  let largest = 0;
  for (const [i, value] of after.entries()) largest = Math.max(largest, Math.abs(value - before[i]!));
  const gain = largest === 0 ? 0 : (GREY - 1) / largest;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) {
        const at = elementAt(modality, y, x, c);
        const put = (place: number, value: number) => {
          data[3 * (y * whole + place * (width + GAP) + x) + c] = Math.round(Math.min(Math.max(value, 0), 255));
        };
        put(0, sample(before, at));
        put(1, sample(after, at));
        put(2, GREY + gain * (after[at]! - before[at]!));
      }
  return { width: whole, height, data };
}

/** Place of a colour of a pixel in the tensor: of the newest image; grey has one channel. */
function elementAt(modality: ImageModality, y: number, x: number, color: number): number {
  const { width, height, channels, frames, layout, stacking, encoding } = modality;
  const isBlueFirst = pixelsOf(encoding).rgb[0] !== 0;
  const channel = channels === 1 ? 0 : isBlueFirst ? 2 - color : color;
  const pixel = y * width + x;
  const newest = frames - 1;
  if (layout === "NCHW") return (newest * channels + channel) * width * height + pixel;
  if (stacking === "channels") return (pixel * frames + newest) * channels + channel;
  return (newest * width * height + pixel) * channels + channel;
}
