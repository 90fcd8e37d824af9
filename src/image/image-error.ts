import { InputError } from "../errors.js";
import type { DropReason } from "../sensing/counters.js";

/** Most pixels of an image that is believed: more than any camera of today has. */
export const MOST_PIXELS = 1 << 26;

/** Why an image is refused: one line, and what it counts as. */
export class ImageError extends InputError {
  constructor(
    readonly why: DropReason,
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
