import type { Image } from "../explain/observation.js";
import type { CompressedImageMessage, ImageMessage } from "../messages/types.js";
import { decompress } from "./compressed.js";
import { ENCODINGS } from "./encodings.js";
import { checkSize, ImageError } from "./image-error.js";

export const isCompressed = (message: ImageMessage | CompressedImageMessage): message is CompressedImageMessage =>
  "format" in message;

/**
 * Checks all of a raw image that can be without looking at its pixels.
 * @throws ImageError for an encoding that is not supported, no pixels or absurdly many, or another number of bytes
 */
export function checkImage({ width, height, encoding, step, data }: Omit<ImageMessage, "header">): void {
  const format = ENCODINGS[encoding];
  if (!format || !Object.hasOwn(ENCODINGS, encoding)) {
    const known = Object.keys(ENCODINGS).join(", ");
    throw new ImageError("encoding", `encoding ${JSON.stringify(encoding.slice(0, 40))}, expected one of ${known}`);
  }
  checkSize(width, height);
  const [leastWidth, leastHeight] = format.least ?? [1, 1];
  if (width < leastWidth || height < leastHeight || (format.isEven && width % 2 !== 0)) {
    const expected = format.isEven ? "an even width" : `at least ${leastWidth}×${leastHeight}`;
    throw new ImageError("size", `${width}×${height} pixels of ${encoding}, expected ${expected}`);
  }
  if (step < width * format.bytes) {
    const expected = `at least ${width * format.bytes} for ${width} pixels of ${encoding}`;
    throw new ImageError("damaged", `rows of ${step} bytes, expected ${expected}`);
  }
  if (data.length !== step * height) {
    throw new ImageError("damaged", `${data.length} bytes, expected ${step * height}: ${height} rows of ${step}`);
  }
}

/**
 * A camera's message as an image, whole and of its own size: raw ones at once, JPEG and PNG beside the event loop.
 * Colour filters and YUV become rgb8, mono16 becomes 16UC1; other encodings stay as they are, and so may the bytes: the
 * image then shares them with the message.
 * @throws ImageError (also as a rejection), one line with what was found and what was expected
 */
export function decodeImage(message: ImageMessage): Image;
export function decodeImage(message: CompressedImageMessage): Promise<Image>;
export function decodeImage(message: ImageMessage | CompressedImageMessage): Image | Promise<Image>;
export function decodeImage(message: ImageMessage | CompressedImageMessage): Image | Promise<Image> {
  if (isCompressed(message)) return decompress(message);
  checkImage(message);
  const { width, height, step, data, is_bigendian } = message;
  const { image, decode } = ENCODINGS[message.encoding]!;
  const pixels = decode({ width, height, step, data, isBigEndian: is_bigendian !== 0 });
  return { width, height, encoding: image, data: pixels, frameId: message.header.frame_id };
}
