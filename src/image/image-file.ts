import { type ImageInput, sizeKeys } from "./framing.js";
import type { Image } from "./image.js";
import { ImageError } from "./image-error.js";
import { isOpaque, metadataOf, pictureOf, pixelsOfFile } from "./picture.js";
import { pixelsOf } from "./pixel-formats.js";

/**
 * Decodes a PNG, JPEG, WebP, … to the encoding that the policy sees, at its own size. Colours are not converted to grey
 * nor grey to colours.
 * @throws ImageError (as a rejection) for another bit depth, colours in place of grey, transparency, a damaged file, or
 *   another size where the card has neither crop nor resize
 */
export async function decodeFile(bytes: Uint8Array, input: ImageInput): Promise<Image> {
  const { width, height, encoding, name } = input;
  const { bits, channels, rgb } = pixelsOf(encoding);
  const found = await metadataOf(bytes).catch(() => {
    throw new ImageError("encoding", "not an image, expected a PNG, JPEG or WebP file");
  });
  const picture = pictureOf(found);
  if (picture?.bits !== bits) {
    throw new ImageError("encoding", `found ${found.depth} samples, expected ${bits} bits a channel for ${encoding}`);
  }
  const isFramed = input.crop !== undefined || input.resize !== undefined;
  if (!isFramed && (found.width !== width || found.height !== height)) {
    const sizes = `found an image of ${found.width}×${found.height}, expected ${width}×${height}`;
    throw new ImageError("size", `${sizes} (width×height), ${sizeKeys(name)}`);
  }
  if ((picture.channels === 1) !== (channels === 1)) {
    const colours = picture.channels === 1 ? "a grey image (1 channel)" : "a colour image (3 channels)";
    throw new ImageError("encoding", `found ${colours}, expected ${encoding} for the modality ${name}`);
  }
  if (found.hasAlpha && !(await isOpaque(bytes))) {
    throw new ImageError("encoding", `found transparent pixels, expected an opaque image for ${encoding}`);
  }
  const pixels = await pixelsOfFile(bytes, found, picture);
  if (rgb[0] > rgb[2]) swapRedAndBlue(pixels.data);
  return { width: found.width, height: found.height, encoding, frameId: name, ...pixels };
}

function swapRedAndBlue(data: Uint8Array): void {
  for (let i = 0; i < data.length; i += 3) {
    const red = data[i]!;
    data[i] = data[i + 2]!;
    data[i + 2] = red;
  }
}
