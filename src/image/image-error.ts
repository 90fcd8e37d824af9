import { InputError } from "../errors.js";
import { bytesText, LIMITS } from "../limits.js";

/** Most pixels of an image that is believed: more than any camera of today has. */
export const MOST_PIXELS = 1 << 26;

/** Why an image is refused: its pixel format, its size, or bytes that are missing or damaged. */
export type ImageProblem = "encoding" | "size" | "damaged";

/** An image that cannot be used; the message is one line. */
export class ImageError extends InputError {
  constructor(
    readonly why: ImageProblem,
    message: string,
  ) {
    super(message);
  }
}

/**
 * @param bytes size of a decoded pixel
 * @throws ImageError for no pixels, more than any camera has, or more bytes than one message may hold
 */
export function checkSize(width: number, height: number, bytes = 1): void {
  if (!(width >= 1 && height >= 1 && width * height <= MOST_PIXELS))
    throw new ImageError("size", `an image of ${width}×${height} pixels, expected 1 to ${MOST_PIXELS} pixels`);
  const size = width * height * bytes;
  if (size <= LIMITS.unpacked) return;
  const found = `an image of ${width}×${height} pixels, ${bytesText(size)} decoded`;
  throw new ImageError("size", `${found}; the limit is ${bytesText(LIMITS.unpacked)}`);
}
