import fc from "fast-check";
import { decodeImage } from "#src/image/decode.js";
import { ImageError } from "#src/image/image-error.js";
import { PIXEL_FORMATS } from "#src/image/pixel-formats.js";
import { randoms } from "../../evaluate.js";
import { slowDemosaic } from "../../image/slow-demosaic.js";
import { rawImage } from "../../sensing/messages.js";
import { failed } from "../failed.js";

/** A raw image whose rows may be padded. */
export interface RawCase {
  readonly encoding: string;
  readonly width: number;
  readonly height: number;
  readonly padding: number;
  readonly isBigEndian: boolean;
  readonly seed: number;
  /** What is wrong with it. */
  readonly damage: "none" | "short" | "long" | "step" | "empty";
}

/** Plain decoding: samples of a row's pixels to the numbers of the decoded image, each within `tolerance`. */
interface Plain {
  readonly bytes: number;
  readonly even?: true;
  readonly least?: 2;
  readonly tolerance?: number;
  readonly becomes: string;
  readonly decode: (image: PlainImage) => number[];
}

interface PlainImage {
  readonly width: number;
  readonly height: number;
  /** Bytes of the pixels, rows without padding. */
  readonly bytes: readonly number[];
  readonly isBigEndian: boolean;
}

const asTheyAre = ({ bytes }: PlainImage) => [...bytes];

const words = ({ bytes, isBigEndian }: PlainImage): number[] =>
  Array.from({ length: bytes.length / 2 }, (_, i) =>
    isBigEndian ? 256 * bytes[2 * i]! + bytes[2 * i + 1]! : bytes[2 * i]! + 256 * bytes[2 * i + 1]!,
  );

const yuv =
  (order: string) =>
  ({ bytes }: PlainImage): number[] => {
    const pixels: number[] = [];
    for (let i = 0; i < bytes.length; i += 4) {
      const [u, v] = ["u", "v"].map((letter) => bytes[i + order.indexOf(letter)]! - 128) as [number, number];
      for (const [k, letter] of [...order].entries()) {
        if (letter !== "y") continue;
        const luma = 1.164 * Math.max(0, bytes[i + k]! - 16);
        pixels.push(luma + 1.596 * v, luma - 0.391 * u - 0.813 * v, luma + 2.018 * u);
      }
    }
    return pixels.map((x) => Math.min(255, Math.max(0, Math.round(x))));
  };

const bayer =
  (pattern: string) =>
  ({ bytes, width, height }: PlainImage) =>
    slowDemosaic(bytes, width, height, pattern);

const millimetres = ({ bytes, isBigEndian }: PlainImage): number[] => {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  return Array.from({ length: bytes.length / 4 }, (_, i) => {
    const depth = Math.round(1000 * view.getFloat32(4 * i, !isBigEndian));
    return depth > 0 && depth < 65536 ? depth : 0;
  });
};

const PLAIN: Readonly<Record<string, Plain>> = {
  rgb8: { bytes: 3, becomes: "rgb8", decode: asTheyAre },
  bgr8: { bytes: 3, becomes: "bgr8", decode: asTheyAre },
  rgba8: { bytes: 4, becomes: "rgba8", decode: asTheyAre },
  bgra8: { bytes: 4, becomes: "bgra8", decode: asTheyAre },
  mono8: { bytes: 1, becomes: "mono8", decode: asTheyAre },
  mono16: { bytes: 2, becomes: "16UC1", decode: words },
  "16UC1": { bytes: 2, becomes: "16UC1", decode: words },
  "32FC1": { bytes: 4, becomes: "16UC1", decode: millimetres },
  uyvy: { bytes: 2, even: true, tolerance: 2, becomes: "rgb8", decode: yuv("uyvy") },
  yuyv: { bytes: 2, even: true, tolerance: 2, becomes: "rgb8", decode: yuv("yuyv") },
  yuv422: { bytes: 2, even: true, tolerance: 2, becomes: "rgb8", decode: yuv("uyvy") },
  yuv422_yuy2: { bytes: 2, even: true, tolerance: 2, becomes: "rgb8", decode: yuv("yuyv") },
  ...Object.fromEntries(
    ["rggb", "bggr", "gbrg", "grbg"].map((pattern) => [
      `bayer_${pattern}8`,
      { bytes: 1, least: 2, becomes: "rgb8", decode: bayer(pattern) } satisfies Plain,
    ]),
  ),
  ...Object.fromEntries(
    ["rgb16", "bgr16", "rgba16", "bgra16"].map((name) => [
      name,
      {
        bytes: name.length === 5 ? 6 : 8,
        becomes: name.replace("16", "8"),
        decode: (image) => words(image).map((x) => Math.round((255 * x) / 65535)),
      } satisfies Plain,
    ]),
  ),
};

/** Encodings that can be read without a plain decoding here. */
export const UNCHECKED: readonly string[] = [...PIXEL_FORMATS.keys()].filter((name) => !(name in PLAIN));

export const rawCases: fc.Arbitrary<RawCase> = fc.record({
  encoding: fc.constantFrom(...Object.keys(PLAIN)),
  width: fc.integer({ min: 1, max: 9 }),
  height: fc.integer({ min: 1, max: 9 }),
  padding: fc.constantFrom(0, 0, 1, 2, 5, 16),
  isBigEndian: fc.boolean(),
  seed: fc.nat(1e6),
  damage: fc.constantFrom("none", "none", "none", "short", "long", "step", "empty"),
});

/** A raw image is decoded as plain code does, or refused in one line where it is damaged. */
export function checkRaw({ encoding, padding, isBigEndian, seed, damage, ...size }: RawCase): string {
  const { bytes: perPixel, even, least = 1, tolerance = 0, becomes, decode } = PLAIN[encoding]!;
  const width = Math.max(even ? size.width + (size.width % 2) : size.width, least);
  const height = Math.max(size.height, least);
  const row = width * perPixel;
  const pixels = bytesOf(encoding, row * height, seed, isBigEndian);
  const data = new Uint8Array((row + padding) * height).fill(170);
  for (let y = 0; y < height; y++) data.set(pixels.subarray(y * row, (y + 1) * row), y * (row + padding));
  const message = rawImage(encoding, width, height, data, { step: row + padding, is_bigendian: Number(isBigEndian) });
  if (damage !== "none") return refused(damagedBy(damage, message, row));
  const image = decodeImage(message);
  const expected = decode({ width, height, bytes: [...pixels], isBigEndian });
  if (image.encoding !== becomes || image.width !== width || image.height !== height)
    failed(`${encoding} ${width}×${height} became ${image.encoding} ${image.width}×${image.height}`);
  const found =
    image.encoding === "16UC1" ? words({ width, height, bytes: [...image.data], isBigEndian: false }) : [...image.data];
  if (found.length !== expected.length) failed(`${encoding}: ${found.length} numbers, expected ${expected.length}`);
  const wrong = expected.findIndex((x, i) => Math.abs(x - found[i]!) > tolerance);
  if (wrong >= 0) failed(`${encoding}: number ${wrong} is ${found[wrong]}, expected ${expected[wrong]}`);
  return encoding;
}

/** Bytes of pixels; depth in metres is near what cameras see, with NaN and infinity among it. */
function bytesOf(encoding: string, length: number, seed: number, isBigEndian: boolean): Uint8Array {
  if (encoding !== "32FC1") return Uint8Array.from(randoms(length, seed, 0, 256), Math.floor);
  const view = new DataView(new ArrayBuffer(length));
  randoms(length / 4, seed, -1, 9).forEach((x, i) => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, 0, 70][i % 11];
    view.setFloat32(4 * i, odd ?? x, !isBigEndian);
  });
  return new Uint8Array(view.buffer);
}

function damagedBy(damage: RawCase["damage"], message: ReturnType<typeof rawImage>, row: number) {
  const { data } = message;
  if (damage === "short") return { ...message, data: data.subarray(0, data.length - 1) };
  if (damage === "long") return { ...message, data: Uint8Array.from([...data, 0]) };
  return damage === "step" ? { ...message, step: row - 1 } : { ...message, data: new Uint8Array(0) };
}

function refused(message: ReturnType<typeof rawImage>): string {
  try {
    decodeImage(message);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    if (error.why !== "damaged" || error.message.includes("\n") || !/\d/.test(error.message))
      failed(`refused as ${error.why}: ${error.message}`);
    return "damaged raw refused";
  }
  return failed(`${message.data.length} bytes in rows of ${message.step} are taken for an image`);
}
