import sharp, { type Sharp } from "sharp";
import type { RgbImage } from "./image.js";
import { MOST_PIXELS } from "./image-error.js";

// No image comes twice: a cache would only hold memory.
sharp.cache(false);
// One image is too little work for several threads.
sharp.concurrency(1);

/** JPEG of quality 1..100, made in another thread. Optimised Huffman tables would double the time. */
export async function encodeJpeg(image: RgbImage, quality = 90): Promise<Uint8Array> {
  return raw(image).jpeg({ quality, optimiseCoding: false }).toBuffer();
}

/** PNG, made in another thread. */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  return raw(image).png().toBuffer();
}

/** A JPEG of at most `width` pixels across, from the bytes of an image file; `wholeWidth` is the width of the file. */
export async function shrinkToJpeg(
  file: Uint8Array,
  width: number,
  quality: number,
): Promise<{ data: Uint8Array; width: number; height: number; wholeWidth: number }> {
  const open = () => sharp(file, { limitInputPixels: MOST_PIXELS });
  const { width: wholeWidth } = await open().metadata();
  const { data, info } = await open()
    .resize({ width, withoutEnlargement: true })
    .jpeg({ quality })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, wholeWidth };
}

function raw({ data, width, height }: RgbImage): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}
