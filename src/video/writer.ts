import type { RgbImage } from "../image/image.js";

/** Writes one video. */
export interface VideoWriter {
  /** Adds a picture that is shown for `count` times 1/fps. All have one size. Await each call before the next. */
  add(picture: RgbImage, count: number): Promise<void>;
  /** Writes the rest of the file. */
  finish(): Promise<void>;
  /** Ends without a file. */
  stop(): Promise<void>;
}
