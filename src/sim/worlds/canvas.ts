/** Values of pixels, 0 to 255. */
export type PixelData = Uint8Array | Float32Array;

/**
 * A place in a larger buffer that holds one picture, and how its pixels lie there. Only the world that draws into it may
 * write there, because it redraws no more than what changed.
 */
export interface Canvas {
  readonly data: PixelData;
  /** Index of the first channel of the upper left pixel. */
  readonly offset: number;
  /** Elements from a pixel to its right neighbour, and to the pixel below it. */
  readonly column: number;
  readonly row: number;
  /** Elements from a channel of a pixel to the next. */
  readonly channel: number;
}

/** Size of a picture: pixels, and channels (3: RGB, 1: grey). */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Elements of a picture. */
export const pictureLength = ({ width, height, channels }: PictureSize): number => width * height * channels;

/** A picture as planes, [C, H, W], from `offset` on. */
export function planes(data: PixelData, { width, height }: PictureSize, offset = 0): Canvas {
  return { data, offset, column: 1, row: width, channel: width * height };
}

/** A picture as pixels, [H, W, C], from `offset` on. */
export function pixels(data: PixelData, { width, channels }: PictureSize, offset = 0): Canvas {
  return { data, offset, column: channels, row: width * channels, channel: 1 };
}
