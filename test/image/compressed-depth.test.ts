import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeImage } from "#src/image/decode.js";
import type { Image } from "#src/image/image.js";
import { ImageError } from "#src/image/image-error.js";
import { header } from "../sensing/messages.js";
import { encodePng } from "./png.js";
import { encodeRvl } from "./rvl-encoder.js";

const [width, height] = [5, 4];
const words = Array.from({ length: width * height }, (_, i) => (i % 6 === 0 ? 0 : (i * 3413 + 700) % 65536));

const head = (a = 0, b = 0, kind = 0): Buffer => {
  const bytes = Buffer.alloc(12);
  bytes.writeInt32LE(kind);
  bytes.writeFloatLE(a, 4);
  bytes.writeFloatLE(b, 8);
  return bytes;
};
const size = (columns: number, rows: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(columns);
  bytes.writeUInt32LE(rows, 4);
  return bytes;
};
const CODES = {
  png: encodePng(width, height, 16, words),
  rvl: Buffer.concat([size(width, height), encodeRvl(words)]),
};
const codes = Object.keys(CODES) as (keyof typeof CODES)[];

const decode = (format: string, ...parts: readonly Uint8Array[]): Promise<Image> =>
  decodeImage({ header: header(), format, data: new Uint8Array(Buffer.concat(parts)) });
const wordsOf = ({ data }: Image): number[] => [...new Uint16Array(data.slice().buffer)];

describe.each(codes)("compressed depth in %s", (code) => {
  it.each(["16UC1", "mono16"])("of %s is the words, whatever the header", async (encoding) => {
    const format = `${encoding}; compressedDepth ${code}`;
    for (const first of [head(), head(Number.NaN, -7, -1), Buffer.alloc(12, 255)]) {
      const image = await decode(format, first, CODES[code]);
      expect(image).toMatchObject({ width, height, encoding: "16UC1", frameId: "camera" });
      expect(wordsOf(image)).toEqual(words);
    }
  });

  it("of 32FC1 is A / (word − B) metres in millimetres, and 0 where there is no depth", async () => {
    // The plugin's defaults: quantisation 100, at most 10 m.
    const a = 100 * 101;
    const b = 1 - a / 10;
    const image = await decode(`32FC1; compressedDepth ${code}`, head(a, b), CODES[code]);
    const millimetres = words.map((word) => (word === 0 ? 0 : Math.round((1000 * a) / (word - b))));
    expect(image).toMatchObject({ width, height, encoding: "16UC1" });
    expect(wordsOf(image)).toEqual(millimetres);
    expect(new Set(millimetres).size).toBeGreaterThan(10);
  });

  it("beyond 65.535 m is no depth", async () => {
    const image = await decode(`32FC1; compressedDepth ${code}`, head(65_536 * 700, 0), CODES[code]);
    expect(wordsOf(image)).toEqual(
      words.map((word) => {
        const depth = word === 0 ? 0 : Math.round((1000 * 65_536 * 700) / word);
        return depth > 65_535 ? 0 : depth;
      }),
    );
  });

  it("is given the format of older versions where the code is PNG", async () => {
    if (code !== "png") return;
    for (const format of ["16UC1; compressedDepth", "16UC1; compressedDepth ", "16UC1"])
      expect(wordsOf(await decode(format, head(), CODES.png))).toEqual(words);
  });

  it.each([
    [0, 0],
    [-1, 0],
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 0],
    [1, Number.NaN],
    [1, Number.NEGATIVE_INFINITY],
  ])("of 32FC1 with A = %d and B = %d is damaged", async (a, b) => {
    const error = await decode(`32FC1; compressedDepth ${code}`, head(a, b), CODES[code]).catch((found) => found);
    expect(error).toBeInstanceOf(ImageError);
    expect(error).toMatchObject({ why: "damaged", message: expect.stringContaining(`A is ${a} and B is ${b}`) });
  });

  it("of 32FC1 with a word at or below B is damaged", async () => {
    await expect(decode(`32FC1; compressedDepth ${code}`, head(100, 60_000), CODES[code])).rejects.toThrow(
      /^an inverse depth of \d+, expected more than the header's B, 60000$/,
    );
  });
});

describe("refused with a reason", () => {
  const cases: [title: string, format: string, parts: Uint8Array[], why: string, message: string][] = [
    [
      "another encoding",
      "32FC3; compressedDepth png",
      [head(), CODES.png],
      "encoding",
      'format "32FC3; compressedDepth png", expected 16UC1, mono16, 32FC1 with compressedDepth png or rvl',
    ],
    ["another code", "16UC1; compressedDepth jpeg", [head(), CODES.png], "encoding", "expected 16UC1, mono16, 32FC1"],
    ["an inherited name", "toString; compressedDepth png", [head(), CODES.png], "encoding", "expected 16UC1"],
    ["no encoding", "compressedDepth", [head(), CODES.png], "encoding", 'found the format "compressedDepth"'],
    ["no bytes", "16UC1; compressedDepth png", [], "damaged", "0 bytes, expected a header of 12"],
    ["a header alone", "32FC1; compressedDepth rvl", [head(1, 0)], "damaged", "12 bytes, expected a header of 12"],
    ["no header", "16UC1; compressedDepth png", [CODES.png], "damaged", "no PNG after the header of 12 bytes"],
    [
      "a PNG of bytes",
      "16UC1; compressedDepth png",
      [head(), encodePng(2, 2, 8, [1, 2, 3, 4])],
      "encoding",
      "found a b-w PNG of uchar, expected 16 bits of grey",
    ],
    [
      "a PNG of colours",
      "32FC1; compressedDepth png",
      [head(1, 0), encodePng(1, 1, 16, [1, 2, 3])],
      "encoding",
      "found a rgb16 PNG",
    ],
    [
      "a PNG cut off",
      "16UC1; compressedDepth png",
      [head(), CODES.png.subarray(0, 60)],
      "damaged",
      "the image is damaged",
    ],
    [
      "RVL without a size",
      "16UC1; compressedDepth rvl",
      [head(), new Uint8Array(7)],
      "damaged",
      "7 bytes of RVL, expected 8",
    ],
    [
      "RVL without width",
      "16UC1; compressedDepth rvl",
      [head(), size(0, 4), encodeRvl(words)],
      "size",
      "an image of 0×4 pixels",
    ],
    [
      "RVL of an absurd size",
      "16UC1; compressedDepth rvl",
      [head(), size(0xffffffff, 0xffffffff), encodeRvl(words)],
      "size",
      "an image of 4294967295×4294967295 pixels",
    ],
    [
      "RVL of a large size",
      "16UC1; compressedDepth rvl",
      [head(), size(8192, 8192), encodeRvl(words)],
      "damaged",
      "before the last pixel",
    ],
  ];
  it.each(cases)("%s", async (_title, format, parts, why, text) => {
    const error = (await decode(format, ...parts).catch((reason: unknown) => reason)) as ImageError;
    expect(error).toBeInstanceOf(ImageError);
    expect(error.message).toContain(text);
    expect(error.message).not.toContain("\n");
    expect(error.why).toBe(why);
  });

  it("or decoded, whatever the format and the bytes", async () => {
    const format = fc.oneof(
      fc.constantFrom(
        ...["16UC1", "32FC1", "mono16"].flatMap((name) => codes.map((code) => `${name}; compressedDepth ${code}`)),
      ),
      fc.string().map((text) => `${text}; compressedDepth`),
    );
    const change = fc.record({ at: fc.nat(1 << 16), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(
        format,
        fc.constantFrom(...codes),
        fc.array(change, { maxLength: 6 }),
        fc.nat(150),
        async (text, code, changes, cut) => {
          const data = Buffer.concat([head(1000, -3), CODES[code]]);
          for (const { at, byte } of changes) data[at % data.length] = byte;
          const found: unknown = await decode(text, cut % 3 === 0 ? data.subarray(0, cut) : data).catch(
            (error: unknown) => error,
          );
          if (found instanceof ImageError) expect(found.message).not.toContain("\n");
          else expect((found as Image).data).toHaveLength((found as Image).width * (found as Image).height * 2);
        },
      ),
      { numRuns: 300 },
    );
  });
});
