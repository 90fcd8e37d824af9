import type { ImageEncoding } from "../explain/observation.js";
import { demosaic } from "./bayer.js";
import { type Packed, unpack } from "./yuv.js";

/** Pixels as a driver sends them: rows of `step` bytes, of which the first width × bytes are pixels. */
export interface Rows {
  readonly width: number;
  readonly height: number;
  readonly step: number;
  readonly data: Uint8Array;
  readonly isBigEndian: boolean;
}

/** One encoding of sensor_msgs/Image. */
export interface Encoding {
  /** Bytes of one pixel in a row. */
  readonly bytes: number;
  /** What it is decoded to. */
  readonly image: ImageEncoding;
  /** Smallest width and height, and what both are a multiple of. */
  readonly least?: readonly [width: number, height: number];
  readonly isEven?: boolean;
  /** Pixels of `image`, rows without padding. May be the very bytes that came. */
  decode(rows: Rows): Uint8Array;
}

const plain = (image: ImageEncoding, bytes: number): Encoding => ({
  bytes,
  image,
  decode: (rows) => withoutPadding(rows, bytes),
});

const words: Encoding = {
  bytes: 2,
  image: "16UC1",
  decode: (rows) => {
    const data = withoutPadding(rows, 2);
    return rows.isBigEndian ? swapped(data) : data;
  },
};

const yuv422 = (packed: Packed): Encoding => ({
  bytes: 2,
  image: "rgb8",
  isEven: true,
  decode: (rows) => unpack(rows, packed),
});

const bayer = (pattern: "rggb" | "bggr" | "gbrg" | "grbg"): Encoding => ({
  bytes: 1,
  image: "rgb8",
  least: [2, 2],
  decode: (rows) => demosaic(rows, pattern),
});

/** Every encoding that is understood, by its name in sensor_msgs/image_encodings. */
export const ENCODINGS: Readonly<Record<string, Encoding>> = {
  rgb8: plain("rgb8", 3),
  bgr8: plain("bgr8", 3),
  rgba8: plain("rgba8", 4),
  bgra8: plain("bgra8", 4),
  mono8: plain("mono8", 1),
  "16UC1": words,
  mono16: words,
  yuv422: yuv422("uyvy"),
  uyvy: yuv422("uyvy"),
  yuv422_yuy2: yuv422("yuyv"),
  yuyv: yuv422("yuyv"),
  bayer_rggb8: bayer("rggb"),
  bayer_bggr8: bayer("bggr"),
  bayer_gbrg8: bayer("gbrg"),
  bayer_grbg8: bayer("grbg"),
};

function withoutPadding({ width, height, step, data }: Rows, bytes: number): Uint8Array {
  const row = width * bytes;
  if (step === row) return data;
  const result = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) result.set(data.subarray(y * step, y * step + row), y * row);
  return result;
}

/** Words with their bytes exchanged. */
function swapped(data: Uint8Array): Uint8Array {
  const result = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 2) {
    result[i] = data[i + 1]!;
    result[i + 1] = data[i]!;
  }
  return result;
}
