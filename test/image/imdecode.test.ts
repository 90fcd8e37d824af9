import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeImage } from "#src/image/decode.js";
import { decodeFile } from "#src/image/image-file.js";
import { header } from "../sensing/messages.js";

/** Files, and what OpenCV 5 makes of them; no pixels where it makes nothing. */
const { width, height, cases } = JSON.parse(readFileSync("test/data/imdecode.json", "utf8")) as {
  readonly width: number;
  readonly height: number;
  readonly cases: readonly { name: string; file: string; encoding?: "rgb8" | "mono8" | "16UC1"; pixels?: string }[];
};
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "base64"));

/** Files that the decoder warns of; of bytes between the last pixel and the end it does not. */
const FAULTS: Readonly<Record<string, string>> = {
  "jpeg with stray bytes before a restart marker": "3 extraneous bytes before marker 0xd2",
  "jpeg without a restart marker": "extraneous bytes before marker 0xd3",
  "jpeg cut in half, with an end": "premature end of data segment",
};

describe("an image file has OpenCV's pixels", () => {
  it.each(cases)("$name", async ({ name, file, encoding, pixels }) => {
    const format = name.startsWith("png") ? "png" : "jpeg";
    const decoded = decodeImage({ header: header(), format, data: bytes(file) });
    if (encoding === undefined || pixels === undefined) {
      await expect(decoded).rejects.toThrow(/^the image is damaged \(.+\)$|^found \d+ bytes of format/);
      return;
    }
    const { fault, ...image } = await decoded;
    expect(image).toEqual({ width, height, encoding, frameId: "camera", data: bytes(pixels) });
    if (FAULTS[name] === undefined) expect(fault).toBeUndefined();
    else expect(fault).toContain(FAULTS[name]);
    if (name.startsWith("png rgb") && name.endsWith("16")) return;
    const input = { name: "camera", width, height, encoding, crop: undefined, resize: undefined };
    if (name !== "png rgba")
      expect(await decodeFile(bytes(file), input)).toEqual({ ...image, ...(fault && { fault }) });
  });

  it("covers each warning", () => {
    const names = cases.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(FAULTS)));
  });
});
