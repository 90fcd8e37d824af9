import { InputError } from "../errors.js";

/** Most pixels of an image that is believed: more than any camera of today has. */
const MOST_PIXELS = 1 << 26;

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

/** @throws ImageError for no pixels, or more than any camera has */
export function checkSize(width: number, height: number): void {
  if (width >= 1 && height >= 1 && width * height <= MOST_PIXELS) return;
  throw new ImageError("size", `an image of ${width}×${height} pixels, expected 1 to ${MOST_PIXELS} pixels`);
}
