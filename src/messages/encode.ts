import sharp, { type Sharp } from "sharp";
import type { RgbImage } from "../image/overlay.js";

// Every image is another one: a cache of the last ones only holds memory.
sharp.cache(false);
// One image is too little work to share among threads.
sharp.concurrency(1);

/** JPEG of an rgb8 image; quality 1..100. Runs beside the event loop. Huffman tables of its own would take as long again. */
export async function encodeJpeg(image: RgbImage, quality = 90): Promise<Uint8Array> {
  return raw(image).jpeg({ quality, optimiseCoding: false }).toBuffer();
}

/** PNG of an rgb8 image. Runs beside the event loop. */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  return raw(image).png().toBuffer();
}

function raw({ data, width, height }: RgbImage): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}
