import { crc32 } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it, test } from "vitest";
import { decodeImage } from "#src/image/decode.js";
import type { Image } from "#src/image/image.js";
import { ImageError } from "#src/image/image-error.js";
import type { CompressedImageMessage } from "#src/messages/types.js";
import { header, rawImage } from "../sensing/messages.js";
import { encodePng } from "./png.js";

const [width, height] = [24, 16];
/** Red grows to the right, green downwards, blue is even: JPEG keeps it well, and a swapped channel shows. */
const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
  const pixel = Math.floor(i / 3);
  return [10 * (pixel % width), 15 * Math.floor(pixel / width), 40][i % 3]!;
});
const colours = sharp(rgb, { raw: { width, height, channels: 3 } });
const png = await colours.clone().png().toBuffer();
const jpeg = await colours.clone().jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();

const message = (format: string, data: Uint8Array): CompressedImageMessage => ({ header: header(), format, data });
const decode = async (format: string, data: Uint8Array): Promise<Image> => decodeImage(message(format, data));

test.each(["png", "rgb8; png compressed bgr8", "bgr8; png compressed bgr8"])("a PNG is exact: %s", async (format) => {
  const image = await decode(format, png);
  expect(image).toEqual({ width, height, encoding: "rgb8", frameId: "camera", data: rgb });
});

test.each(["jpeg", "jpg", "rgb8; jpeg compressed bgr8"])("a JPEG is close: %s", async (format) => {
  const image = await decode(format, jpeg);
  expect(image).toMatchObject({ width, height, encoding: "rgb8" });
  expect(Math.max(...image.data.map((value, i) => Math.abs(value - rgb[i]!)))).toBeLessThanOrEqual(4);
});

describe("a format as image_transport's plugins write it", () => {
  const grey = Array.from({ length: width * height }, (_, i) => (37 * i) % 256);
  const deep = Array.from({ length: width * height * 3 }, (_, i) => (4999 * i) % 65536);
  const colours8 = encodePng(width, height, 8, [...rgb]);
  const colours16 = encodePng(width, height, 16, deep);
  const grey8 = encodePng(width, height, 8, grey);
  const grey16 = encodePng(width, height, 16, deep.slice(0, grey.length));
  const bytesOf = (words: readonly number[]) => new Uint8Array(Uint16Array.from(words).buffer);
  const eighths = Uint8Array.from(deep, (word) => Math.round((word * 255) / 65535));
  const cases: [format: string, file: Uint8Array, encoding: string, data: Uint8Array][] = [
    // True colours are `compressed bgr`; cv_bridge swaps red and blue of the others.
    ["bgr8; png compressed bgr8", colours8, "rgb8", rgb],
    ["rgba8; png compressed bgr8", colours8, "rgb8", rgb],
    ["rgb8; png compressed rgb8", colours8, "bgr8", rgb],
    ["bgr8; png compressed ", colours8, "bgr8", rgb],
    ["rgb8; png", colours8, "bgr8", rgb],
    ["mono8; png", colours8, "rgb8", rgb],
    ["png", colours8, "rgb8", rgb],
    ["rgb16; png compressed bgr16", colours16, "rgb8", eighths],
    ["bgr16; png compressed rgb16", colours16, "bgr8", eighths],
    ["png", colours16, "rgb8", eighths],
    ["mono8; png compressed ", grey8, "mono8", Uint8Array.from(grey)],
    ["mono8; png compressed mono8", grey8, "mono8", Uint8Array.from(grey)],
    ["mono16; png compressed ", grey8, "mono8", Uint8Array.from(grey)],
    ["mono16; png compressed ", grey16, "16UC1", bytesOf(deep.slice(0, grey.length))],
    ["16UC1; png compressed ", grey16, "16UC1", bytesOf(deep.slice(0, grey.length))],
    ["rgb8; png compressed bgr8", grey8, "mono8", Uint8Array.from(grey)],
    ["png", grey16, "16UC1", bytesOf(deep.slice(0, grey.length))],
  ];
  it.each(cases)("%s %#", async (format, file, encoding, data) => {
    expect(await decode(format, file)).toEqual({ width, height, encoding, frameId: "camera", data });
  });

  it.each(["bayer_rggb8; png compressed ", "bayer_gbrg8; png compressed mono8"])("%s is a mosaic", async (format) => {
    const raw = rawImage(format.split(";")[0]!, width, height, Uint8Array.from(grey));
    expect(await decode(format, grey8)).toEqual(decodeImage(raw));
  });

  it("bayer_rggb8; jpeg compressed bgr8 is colours", async () => {
    const image = await decode("bayer_rggb8; jpeg compressed bgr8", jpeg);
    expect(image).toEqual(await decode("jpeg", jpeg));
  });

  it("JPEGs of 16 bits hold the upper 8", async () => {
    const file = await sharp(Uint8Array.from(grey), { raw: { width, height, channels: 1 } })
      .toColourspace("b-w")
      .jpeg({ quality: 100 })
      .toBuffer();
    const { data } = await decode("mono8; jpeg compressed mono8", file);
    for (const format of ["mono16; jpeg compressed mono8", "16UC1; jpeg compressed "]) {
      const image = await decode(format, file);
      expect(image.encoding).toBe("16UC1");
      expect([...new Uint16Array(image.data.slice().buffer)]).toEqual([...data].map((value) => 256 * value));
    }
    const colours = await decode("jpeg", jpeg);
    const image = await decode("rgb16; jpeg compressed bgr8", jpeg);
    expect(image).toEqual({ ...colours, data: colours.data.map((value) => Math.round((value * 256 * 255) / 65535)) });
  });
});

test("drops transparency", async () => {
  const image = await decode("png", await colours.clone().ensureAlpha(0.5).png().toBuffer());
  expect(image).toMatchObject({ encoding: "rgb8", data: rgb });
});

test("grey is mono8", async () => {
  const grey = rgb.filter((_, i) => i % 3 === 0);
  const data = await sharp(grey, { raw: { width, height, channels: 1 } })
    .toColourspace("b-w")
    .png()
    .toBuffer();
  expect(await decode("mono8; png compressed mono8", data)).toMatchObject({ encoding: "mono8", data: grey });
});

describe("depth of 16 bits", async () => {
  const words = Uint16Array.from({ length: width * height }, (_, i) => (i * 401) % 65536);
  const data = await sharp(words, { raw: { width, height, channels: 1 } })
    .toColourspace("grey16")
    .png()
    .toBuffer();

  it.each([
    ["16UC1; png compressed ", data],
    ["16UC1; compressedDepth", Buffer.concat([new Uint8Array(12), data])],
    ["16UC1; compressedDepth png", Buffer.concat([new Uint8Array(12), data])],
  ])("%s", async (format, bytes) => {
    const image = await decode(format, bytes);
    expect(image.encoding).toBe("16UC1");
    expect(new Uint16Array(image.data.slice().buffer)).toEqual(words);
  });
});

test("damaged bytes give an image or an ImageError of one line", async () => {
  const change = fc.record({ at: fc.nat(1 << 16), byte: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(change, { maxLength: 8 }), fc.nat(1 << 16), async (isPng, changes, cut) => {
      const data = Uint8Array.from(isPng ? png : jpeg);
      for (const { at, byte } of changes) data[at % data.length] = byte;
      const end = cut % 3 === 0 ? cut % data.length : data.length;
      const found = await decode("x", data.subarray(0, end)).catch((error: unknown) => error);
      if (found instanceof ImageError) expect(found.message).not.toContain("\n");
      else {
        const image = found as Image;
        const channels = { rgb8: 3, mono8: 1, "16UC1": 2 }[image.encoding as "rgb8"];
        expect(image.data.length).toBe(image.width * image.height * channels);
      }
    }),
    { numRuns: 150 },
  );
});

describe("refused with a reason", () => {
  /** A PNG that says that it has another size. */
  const sized = (file: Uint8Array, side: number) => {
    const huge = Buffer.from(file);
    huge.writeUInt32BE(side, 16);
    huge.writeUInt32BE(side, 20);
    huge.writeUInt32BE(crc32(huge.subarray(12, 29)), 29);
    return huge;
  };
  const huge = sized(png, 100_000);
  const deep = sized(encodePng(1, 1, 16, [1, 2, 3]), 8000);
  const noise = Uint8Array.from({ length: 300 }, (_, i) => (i * 7) % 256);
  const cases: [title: string, format: string, data: Uint8Array, why: string, message: string][] = [
    ["no bytes", "jpeg", new Uint8Array(0), "encoding", 'found 0 bytes of format "jpeg", expected a JPEG'],
    ["noise", "jpeg", noise, "encoding", 'found 300 bytes of format "jpeg", expected a JPEG or PNG file'],
    ["another kind", "svg", Buffer.from('<svg width="9" height="9"/>'), "encoding", "expected a JPEG or PNG file"],
    ["a header alone", "jpeg", jpeg.subarray(0, 4), "damaged", "the image is damaged ("],
    ["a truncated JPEG", "jpeg", jpeg.subarray(0, jpeg.length / 2), "damaged", "the image is damaged ("],
    ["a truncated PNG", "png", png.subarray(0, png.length - 20), "damaged", "the image is damaged ("],
    ["a PNG with noise", "png", Buffer.concat([png.subarray(0, 8), noise]), "damaged", "damaged ("],
    ["absurd size", "png", huge, "size", "an image of 100000×100000 pixels, expected 1 to 67108864 pixels"],
    ["much memory", "png", deep, "size", "of 8000×8000 pixels, 384 MB decoded; the limit is 256 MB"],
  ];
  it.each(cases)("%s", async (_title, format, data, why, text) => {
    const error = await decode(format, data).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ImageError);
    expect((error as ImageError).message).toContain(text);
    expect((error as ImageError).message).not.toContain("\n");
    expect((error as ImageError).why).toBe(why);
  });
});
