import type { CompressedImage, RawImage } from "./camera-message.js";
import { unpack } from "./compressed.js";
import type { Image } from "./image.js";
import { checkSize, ImageError } from "./image-error.js";
import { type MessageFormat, PIXEL_FORMATS } from "./pixel-formats.js";

export const isCompressed = (message: RawImage | CompressedImage): message is CompressedImage => "format" in message;

/**
 * Checks a raw image without looking at its pixels, and returns its format.
 * @throws ImageError for an encoding that is not supported, no pixels or too many, or a wrong number of bytes
 */
export function checkImage({ width, height, encoding, step, data }: Omit<RawImage, "header">): MessageFormat {
  const format = PIXEL_FORMATS.get(encoding);
  if (!format) {
    const known = [...PIXEL_FORMATS.keys()].join(", ");
    throw new ImageError("encoding", `encoding ${JSON.stringify(encoding.slice(0, 40))}, expected one of ${known}`);
  }
  checkSize(width, height);
  const { bytes, least: [leastWidth, leastHeight] = [1, 1], hasEvenWidth } = format;
  if (width < leastWidth || height < leastHeight || (hasEvenWidth && width % 2 !== 0)) {
    const expected = hasEvenWidth ? "an even width" : `at least ${leastWidth}×${leastHeight}`;
    throw new ImageError("size", `${width}×${height} pixels of ${encoding}, expected ${expected}`);
  }
  if (step < width * bytes) {
    const expected = `at least ${width * bytes} for ${width} pixels of ${encoding}`;
    throw new ImageError("damaged", `rows of ${step} bytes, expected ${expected}`);
  }
  if (data.length !== step * height) {
    throw new ImageError("damaged", `${data.length} bytes, expected ${step * height}: ${height} rows of ${step}`);
  }
  return format;
}

/**
 * Decodes a camera's message, at its own size: raw pixels at once, JPEG and PNG in another thread. Raw pixels become the
 * format that the table names (`PIXEL_FORMATS`); where that needs no change the image shares its bytes with the message.
 * @throws ImageError (also as a rejection), one line with what was found and what was expected
 */
export function decodeImage(message: RawImage): Image;
export function decodeImage(message: CompressedImage): Promise<Image>;
export function decodeImage(message: RawImage | CompressedImage): Image | Promise<Image>;
export function decodeImage(message: RawImage | CompressedImage): Image | Promise<Image> {
  return isCompressed(message) ? decompress(message) : pixelsOf(message);
}

async function decompress({ header, ...message }: CompressedImage): Promise<Image> {
  const { fault, ...raw } = await unpack(message);
  const image = pixelsOf({ header, ...raw });
  return fault === undefined ? image : { ...image, fault };
}

function pixelsOf(message: RawImage): Image {
  const { becomes, decode } = checkImage(message);
  const { width, height, step, data, is_bigendian } = message;
  const pixels = decode({ width, height, step, data, isBigEndian: is_bigendian !== 0 });
  return { width, height, encoding: becomes, data: pixels, frameId: message.header.frame_id };
}
