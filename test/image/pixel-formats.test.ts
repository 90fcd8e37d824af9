import { readFile } from "node:fs/promises";
import { expect, it, test } from "vitest";
import { CARD_ENCODINGS, IMAGE_ENCODINGS, largestSample, PIXEL_FORMATS, pixelsOf } from "#src/image/pixel-formats.js";

it.each(IMAGE_ENCODINGS)("%s is laid out as its name says", (encoding) => {
  const { bytes, channels, bits, rgb } = pixelsOf(encoding);
  expect(bytes).toBe((channels * bits) / 8);
  const letters = encoding.match(/^[rgba]+(?=8$)/)?.[0];
  expect(rgb).toEqual(letters ? [...("rgb" as const)].map((letter) => letters.indexOf(letter)) : [0, 0, 0]);
  expect(channels).toBe(letters?.length ?? 1);
  expect(largestSample(encoding)).toBe(bits === 8 ? 255 : 65535);
});

it.each([...PIXEL_FORMATS])("%s is decoded to a format in which images are kept", (name, { becomes }) => {
  expect(IMAGE_ENCODINGS).toContain(becomes);
  if (IMAGE_ENCODINGS.some((encoding) => encoding === name)) expect(becomes).toBe(name);
});

test("policy cards may name formats in which images are kept", () => {
  expect(CARD_ENCODINGS).toEqual(["rgb8", "bgr8", "mono8", "16UC1"]);
  for (const encoding of CARD_ENCODINGS) expect(IMAGE_ENCODINGS).toContain(encoding);
});

test("docs/sensing.md lists every format, docs/policy-card.md those of cards", async () => {
  const [sensing, card] = await Promise.all(
    ["sensing", "policy-card"].map((name) => readFile(`docs/${name}.md`, "utf8")),
  );
  for (const name of PIXEL_FORMATS.keys()) expect(sensing).toContain(`\`${name}\``);
  for (const name of CARD_ENCODINGS) expect(card).toContain(`\`${name}\``);
});
