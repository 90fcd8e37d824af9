import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { decodeImage } from "#src/image/decode.js";
import { ImageError } from "#src/image/image-error.js";
import { PIXEL_FORMATS, pixelsOf } from "#src/image/pixel-formats.js";
import type { ImageMessage } from "#src/messages/types.js";
import { rawImage } from "../sensing/messages.js";
import { slowDemosaic } from "./slow-demosaic.js";

interface Case {
  readonly encoding: string;
  readonly width: number;
  readonly height: number;
  readonly data: string;
  readonly rgb: string;
}
const golden = JSON.parse(readFileSync("test/data/sensing.json", "utf8")) as { yuv: Case[]; bayer: Case[] };
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "base64"));

/** Rows with `padding` bytes of rubbish behind each. */
function padded(data: Uint8Array, height: number, padding: number): Uint8Array {
  const row = data.length / height;
  const result = new Uint8Array((row + padding) * height).fill(99);
  for (let y = 0; y < height; y++) result.set(data.subarray(y * row, (y + 1) * row), y * (row + padding));
  return result;
}

describe("converts colours as OpenCV and cv_bridge do", () => {
  test.each(golden.yuv)("$encoding", ({ encoding, width, height, data, rgb }) => {
    const image = decodeImage(rawImage(encoding, width, height, bytes(data)));
    expect(image).toMatchObject({ encoding: "rgb8", width, height, frameId: "camera" });
    expect(image.data).toEqual(bytes(rgb));
  });

  test.each(golden.bayer)("$encoding $width×$height, except at the edge", ({ encoding, width, height, data, rgb }) => {
    const image = decodeImage(rawImage(encoding, width, height, bytes(data)));
    const wanted = bytes(rgb);
    expect(image.encoding).toBe("rgb8");
    for (let y = 1; y < height - 1; y++)
      for (let x = 1; x < width - 1; x++)
        for (let c = 0; c < 3; c++)
          expect(image.data[(y * width + x) * 3 + c], `${x}, ${y}, ${c}`).toBe(wanted[(y * width + x) * 3 + c]);
  });
});

test.each(["rggb", "bggr", "gbrg", "grbg"])("bayer_%s8 up to the edges, at any size", (pattern) => {
  const size = fc.integer({ min: 2, max: 9 });
  fc.assert(
    fc.property(size, size, fc.integer({ min: 0, max: 5 }), fc.infiniteStream(fc.nat(255)), (w, h, padding, stream) => {
      const data = Uint8Array.from({ length: w * h }, () => stream.next().value!);
      const image = decodeImage(rawImage(`bayer_${pattern}8`, w, h, padded(data, h, padding)));
      expect([...image.data]).toEqual(slowDemosaic(data, w, h, pattern));
    }),
  );
});

describe("rows", () => {
  const [width, height] = [4, 3];
  it.each([...PIXEL_FORMATS])("%s: padding changes nothing", (encoding, { bytes: perPixel }) => {
    const data = Uint8Array.from({ length: width * height * perPixel }, (_, i) => (i * 53) % 256);
    const tight = decodeImage(rawImage(encoding, width, height, data));
    const loose = decodeImage(rawImage(encoding, width, height, padded(data, height, 6)));
    expect(loose).toEqual(tight);
  });

  it("without padding are not copied", () => {
    const message = rawImage("rgb8", width, height, new Uint8Array(36));
    expect(decodeImage(message).data).toBe(message.data);
  });

  it.each(["16UC1", "mono16"])("%s of either byte order are little-endian words", (encoding) => {
    const words = [0, 1, 255, 256, 40_000, 65_535];
    const buffer = (little: boolean): Uint8Array => {
      const view = new DataView(new ArrayBuffer(12));
      for (const [i, word] of words.entries()) view.setUint16(2 * i, word, little);
      return new Uint8Array(view.buffer);
    };
    for (const is_bigendian of [0, 1]) {
      const image = decodeImage(rawImage(encoding, 3, 2, padded(buffer(!is_bigendian), 2, 2), { is_bigendian }));
      expect(image.encoding).toBe("16UC1");
      expect([...new Uint16Array(image.data.buffer)]).toEqual(words);
    }
  });
});

describe("samples of 16 and 32 bits", () => {
  /** The rows of a message, written by `write` at each sample's place, with padding. */
  const rowsOf = (
    samples: readonly number[],
    bytes: number,
    write: (view: DataView, at: number, x: number) => void,
  ) => {
    const view = new DataView(new ArrayBuffer(samples.length * bytes));
    for (const [i, sample] of samples.entries()) write(view, i * bytes, sample);
    return padded(new Uint8Array(view.buffer), 2, 5);
  };

  it.each([true, false])("32FC1 is metres, little-endian: %s", (little) => {
    const metres = [0.5, 1.2345, 65.535, 65.536, 0.0004, -2, 0, Number.NaN, Number.POSITIVE_INFINITY, 3.9996];
    const data = rowsOf(metres, 4, (view, at, x) => view.setFloat32(at, x, little));
    const image = decodeImage(rawImage("32FC1", 5, 2, data, { is_bigendian: Number(!little) }));
    expect(image).toMatchObject({ width: 5, height: 2, encoding: "16UC1" });
    // Millimetres; 0 is no depth: not a number, infinite, not above 0, or too far for 16 bits.
    expect([...new Uint16Array(image.data.buffer)]).toEqual([500, 1235, 65535, 0, 0, 0, 0, 0, 0, 4000]);
  });

  it.each(["rgb16", "bgr16", "rgba16", "bgra16"])("%s is brought to 8 bits as cv_bridge does", (encoding) => {
    const channels = encoding.length - 2;
    const samples = Array.from({ length: 4 * channels }, (_, i) => [0, 128, 129, 32768, 65406, 65407, 65535][i % 7]!);
    const wanted = samples.map((sample) => Math.round((sample * 255) / 65535));
    for (const little of [true, false]) {
      const data = rowsOf(samples, 2, (view, at, x) => view.setUint16(at, x, little));
      const image = decodeImage(rawImage(encoding, 2, 2, data, { is_bigendian: Number(!little) }));
      expect(image).toMatchObject({ encoding: encoding.replace("16", "8"), data: Uint8Array.from(wanted) });
    }
  });
});

describe("refused with a reason", () => {
  const good = rawImage("rgb8", 4, 3, new Uint8Array(36));
  const cases: [title: string, change: Partial<ImageMessage>, why: string, message: string][] = [
    ["an unknown encoding", { encoding: "8UC3" }, "encoding", 'encoding "8UC3", expected one of rgb8, bgr8, rgba8'],
    ["an inherited name", { encoding: "toString" }, "encoding", 'encoding "toString", expected one of'],
    ["no encoding", { encoding: "" }, "encoding", 'encoding "", expected one of'],
    ["no width", { width: 0, step: 0, data: new Uint8Array(0) }, "size", "an image of 0×3 pixels, expected 1 to"],
    [
      "no height",
      { height: 0, data: new Uint8Array(0) },
      "size",
      "an image of 4×0 pixels, expected 1 to 67108864 pixels",
    ],
    [
      "absurd size",
      { width: 4_294_967_295, height: 4_294_967_295 },
      "size",
      "an image of 4294967295×4294967295 pixels",
    ],
    ["short rows", { step: 11 }, "damaged", "rows of 11 bytes, expected at least 12 for 4 pixels of rgb8"],
    ["truncated", { data: new Uint8Array(35) }, "damaged", "35 bytes, expected 36: 3 rows of 12"],
    ["empty", { data: new Uint8Array(0) }, "damaged", "0 bytes, expected 36: 3 rows of 12"],
    ["too long", { data: new Uint8Array(37) }, "damaged", "37 bytes, expected 36: 3 rows of 12"],
    [
      "half a pair of pixels",
      { encoding: "uyvy", width: 3, step: 6, data: new Uint8Array(18) },
      "size",
      "3×3 pixels of uyvy, expected an even width",
    ],
    [
      "less than a mosaic",
      { encoding: "bayer_rggb8", width: 1, step: 1, data: new Uint8Array(3) },
      "size",
      "1×3 pixels of bayer_rggb8, expected at least 2×2",
    ],
  ];
  it.each(cases)("%s", (_title, change, why, message) => {
    const decode = () => decodeImage({ ...good, ...change });
    expect(decode).toThrow(ImageError);
    expect(decode).toThrow(message);
    try {
      decode();
    } catch (error) {
      expect((error as ImageError).why).toBe(why);
    }
  });

  it("gives an image or an ImageError for any numbers", () => {
    const encoding = fc.oneof(fc.constantFrom(...PIXEL_FORMATS.keys()), fc.string());
    const size = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.nat(0xffffffff));
    const length = fc.integer({ min: 0, max: 200 });
    fc.assert(
      fc.property(encoding, size, size, size, length, fc.nat(255), (name, width, height, step, n, is_bigendian) => {
        const message = rawImage(name, width, height, new Uint8Array(n), { step, is_bigendian });
        try {
          const image = decodeImage(message);
          expect(image.data.length).toBe(width * height * pixelsOf(image.encoding).bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
          expect((error as Error).message).not.toContain("\n");
        }
      }),
      { numRuns: 2000 },
    );
  });
});
