import { readFile } from "node:fs/promises";
import { InputError } from "../../errors.js";
import type { Image } from "../../explain/observation.js";
import { type Framed, Framing } from "../../image/framing.js";
import { ImageError } from "../../image/image-error.js";
import type { ImageModality } from "../../policy/modalities.js";

/**
 * Reads a PNG, JPEG, WebP, … as the policy sees it: cropped and resized as its card says, with the whole image beside it.
 * Without such keys width and height must be the policy's; channels always (nothing is recoloured). Bytes come in the
 * card's encoding. Throws InputError naming both sizes or formats.
 */
export async function readView(path: string, modality: ImageModality): Promise<Framed> {
  const image = await readImage(path, modality);
  try {
    return new Framing(modality).frame(image);
  } catch (error) {
    throw error instanceof ImageError ? new InputError(`${path}: ${error.message}`) : error;
  }
}

/** Reads an image, whole. */
async function readImage(path: string, modality: ImageModality): Promise<Image> {
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
  const isDepth = encoding === "16UC1";
  if (found.depth !== (isDepth ? "ushort" : "uchar")) {
    const bits = isDepth ? 16 : 8;
    throw new InputError(`${path}: found ${found.depth} samples, expected ${bits} bits a channel for ${encoding}`);
  }
  const isFramed = modality.crop !== undefined || modality.resize !== undefined;
  if (!isFramed && (found.width !== width || found.height !== height)) {
    const sizes = `found an image of ${found.width}×${found.height}, expected ${width}×${height}`;
    throw new InputError(`${path}: ${sizes} (width×height) for the modality ${name}`);
  }
  if (grey !== (encoding === "mono8" || isDepth)) {
    const colours = grey ? "a grey image (1 channel)" : "a colour image (3 channels)";
    throw new InputError(`${path}: found ${colours}, expected ${encoding} for the modality ${name}`);
  }
  if (found.hasAlpha && !(await picture.stats()).isOpaque) {
    throw new InputError(`${path}: found transparent pixels, expected an opaque image for ${encoding}`);
  }
  const raw = await picture
    .removeAlpha()
    .toColourspace(isDepth ? "grey16" : grey ? "b-w" : "srgb")
    .raw({ depth: isDepth ? "ushort" : "uchar" })
    .toBuffer()
    .catch((error: Error) => {
      throw new InputError(`${path}: the image is damaged (${error.message.split("\n")[0]})`);
    });
  const data = new Uint8Array(raw);
  if (encoding === "bgr8") swapRedAndBlue(data);
  return { width: found.width, height: found.height, encoding, data, frameId: name };
}

function swapRedAndBlue(data: Uint8Array): void {
  for (let i = 0; i < data.length; i += 3) {
    const red = data[i]!;
    data[i] = data[i + 2]!;
    data[i + 2] = red;
  }
}
