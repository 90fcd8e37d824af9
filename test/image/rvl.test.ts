import fc from "fast-check";
import { expect, it } from "vitest";
import { ImageError } from "#src/image/image-error.js";
import { decodeRvl } from "#src/image/rvl.js";
import { encodeRvl } from "./rvl-encoder.js";

const word = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 990, max: 1010 }));

it("is decoded by its definition", () => {
  // Two zeros, three words: 5 (zigzag 10), 4 (zigzag 1), 4 (zigzag 0). Digits 2 3 A1 1 0, the highest of each word first.
  expect(encodeRvl([0, 0, 5, 4, 4])).toEqual(Uint8Array.from([0, 0x10, 0xa1, 0x23]));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 200 }), (words) => {
      expect([...decodeRvl(encodeRvl(words), words.length)]).toEqual(words);
    }),
  );
});

it("differences that wrap around 16 bits, as other encoders write them", () => {
  // 1, then 65535 as the difference −2 (zigzag 3): digits 0 2 2 3.
  expect([...decodeRvl(Uint8Array.from([0, 0, 0x23, 0x02]), 2)]).toEqual([1, 65535]);
});

it("a cut or changed code gives as many words as asked for, or an ImageError of one line", () => {
  const change = fc.record({ at: fc.nat(500), byte: fc.nat(255) });
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 100 }),
      fc.array(change, { maxLength: 4 }),
      fc.nat(120),
      fc.integer({ min: 1, max: 300 }),
      (words, changes, length, count) => {
        const code = encodeRvl(words);
        for (const { at, byte } of changes) code[at % code.length] = byte;
        try {
          expect(decodeRvl(code.subarray(0, length), count)).toHaveLength(count);
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
          expect((error as Error).message).toMatch(/^the RVL image is damaged \(.+\)$/);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

it.each([
  ["ends early", encodeRvl([1, 2, 3]).subarray(0, 4), 4000, "ends after 4 bytes"],
  ["has more words", encodeRvl([1, 2, 3]), 2, "a run of 3 pixels, expected at most 2"],
  ["has a number without end", new Uint8Array(40).fill(0xff), 9, "a number of more than 30 bits"],
  ["is empty", new Uint8Array(0), 1, "ends after 0 bytes"],
])("refuses a code that %s", (_title, code, count, message) => {
  expect(() => decodeRvl(code, count)).toThrow(message);
});
