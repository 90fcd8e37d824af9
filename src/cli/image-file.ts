import { readFile } from "node:fs/promises";
import { InputError } from "../errors.js";
import type { Image } from "../explain/observation.js";
import type { ImageModality } from "../policy/modalities.js";

/**
 * Reads a PNG, JPEG, WebP, … as the policy's image: width, height and channels must be those of the modality (nothing
 * is resized or recoloured); bytes come in the card's encoding. Throws InputError naming both sizes or formats.
 */
export async function readImage(path: string, modality: ImageModality): Promise<Image> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "no such file" : (error.code ?? error.message);
    throw new InputError(`${path}: cannot read the image (${why})`);
  });
  const { default: sharp } = await import("sharp");
  const picture = sharp(bytes);
  const found = await picture.metadata().catch(() => {
    throw new InputError(`${path}: not an image, expected a PNG, JPEG or WebP file`);
  });
  const { width, height, encoding, name } = modality;
  const grey = found.space === "b-w" || found.space === "grey16";
  if (found.depth !== "uchar") {
    throw new InputError(`${path}: found ${found.depth} samples, expected 8 bits a channel for ${encoding}`);
  }
  if (found.width !== width || found.height !== height) {
    const sizes = `found an image of ${found.width}×${found.height}, expected ${width}×${height}`;
    throw new InputError(`${path}: ${sizes} (width×height) for the modality ${name}`);
  }
  if (grey !== (encoding === "mono8")) {
    const colours = grey ? "a grey image (1 channel)" : "a colour image (3 channels)";
    throw new InputError(`${path}: found ${colours}, expected ${encoding} for the modality ${name}`);
  }
  if (found.hasAlpha && !(await picture.stats()).isOpaque) {
    throw new InputError(`${path}: found transparent pixels, expected an opaque image for ${encoding}`);
  }
  const raw = await picture
    .removeAlpha()
    .toColourspace(grey ? "b-w" : "srgb")
    .raw()
    .toBuffer()
    .catch((error: Error) => {
      throw new InputError(`${path}: the image is damaged (${error.message.split("\n")[0]})`);
    });
  const data = new Uint8Array(raw);
  if (encoding === "bgr8") swapRedAndBlue(data);
  return { width, height, encoding, data, frameId: name };
}

function swapRedAndBlue(data: Uint8Array): void {
  for (let i = 0; i < data.length; i += 3) {
    const red = data[i]!;
    data[i] = data[i + 2]!;
    data[i + 2] = red;
  }
}
