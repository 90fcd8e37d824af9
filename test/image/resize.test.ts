import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { RESIZE_FILTERS, type ResizeFilter, Resizer } from "#src/image/resize.js";

interface Case {
  readonly encoding: "rgb8" | "rgba8" | "mono8" | "16UC1";
  readonly filter: ResizeFilter;
  readonly from: [width: number, height: number];
  readonly to: [width: number, height: number];
  readonly data: string;
  readonly expected: string;
}
const golden = (JSON.parse(readFileSync("test/data/sensing.json", "utf8")) as { resize: Case[] }).resize;
const CHANNELS = { rgb8: 3, rgba8: 4, mono8: 1, "16UC1": 1 } as const;

function pixels(text: string, encoding: Case["encoding"]): Uint8Array | Uint16Array {
  const data = Uint8Array.from(Buffer.from(text, "base64"));
  return encoding === "16UC1" ? new Uint16Array(data.buffer) : data;
}

test.each(golden)(
  "$filter of $encoding $from → $to, as OpenCV or Pillow",
  ({ encoding, filter, from, to, ...rest }) => {
    const channels = CHANNELS[encoding];
    const resizer = new Resizer(filter, [0, 0, ...from], ...to, channels);
    const found = resizer.resize(pixels(rest.data, encoding), from[0] * channels);
    const wanted = pixels(rest.expected, encoding);
    expect(found.constructor).toBe(wanted.constructor);
    expect(found.length).toBe(wanted.length);
    // They weigh with numbers of 11 bits or fewer and round at every step.
    const tolerance = filter === "nearest" ? 0 : encoding === "16UC1" ? 3 : 1;
    // A centre on a border between two pixels may fall to either; Pillow's falls by chance of its rounding.
    const isTie = (i: number, axis: 0 | 1) => ((2 * i + 1) * from[axis]) % (2 * to[axis]) === 0;
    const worst = [...found].reduce((most, value, i) => {
      const [x, y] = [Math.floor(i / channels) % to[0], Math.floor(i / channels / to[0])];
      if (filter === "nearest" && (isTie(x, 0) || isTie(y, 1))) return most;
      return Math.max(most, Math.abs(value - wanted[i]!));
    }, 0);
    expect(worst).toBeLessThanOrEqual(tolerance);
  },
);

describe.each(RESIZE_FILTERS)("%s", (filter) => {
  const size = fc.integer({ min: 1, max: 12 });

  it("keeps an even colour, and stays within the pixels' range", () => {
    fc.assert(
      fc.property(size, size, size, size, fc.nat(255), fc.nat(255), (w, h, width, height, a, b) => {
        const data = Uint8Array.from({ length: w * h * 3 }, (_, i) => ((i * 7919) % 13 < 6 ? a : b));
        const found = new Resizer(filter, [0, 0, w, h], width, height, 3).resize(data, w * 3);
        expect(Math.min(...found)).toBeGreaterThanOrEqual(Math.min(...data));
        expect(Math.max(...found)).toBeLessThanOrEqual(Math.max(...data));
      }),
    );
  });

  it("does not change an image that already has the size", () => {
    const data = Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => (i * 61) % 256);
    expect(new Resizer(filter, [0, 0, 5, 4], 5, 4, 3).resize(data, 15)).toEqual(data);
  });

  it("reads nothing outside its region", () => {
    fc.assert(
      fc.property(size, size, size, size, fc.nat(4), fc.nat(4), (w, h, width, height, left, top) => {
        const inner = Uint8Array.from({ length: w * h }, (_, i) => (i * 89 + 3) % 256);
        const whole = [w + left + 2, h + top + 1] as const;
        const outer = new Uint8Array(whole[0] * whole[1]).fill(255);
        for (let y = 0; y < h; y++) outer.set(inner.subarray(y * w, (y + 1) * w), (y + top) * whole[0] + left);
        const part = new Resizer(filter, [left, top, w, h], width, height, 1).resize(outer, whole[0]);
        expect(part).toEqual(new Resizer(filter, [0, 0, w, h], width, height, 1).resize(inner, w));
      }),
    );
  });

  it("gives the same bits every time", () => {
    const resizer = new Resizer(filter, [0, 0, 31, 17], 12, 9, 3);
    const first = Uint8Array.from({ length: 31 * 17 * 3 }, (_, i) => (i * i) % 251);
    const result = resizer.resize(first, 93);
    resizer.resize(new Uint8Array(first.length).fill(200), 93);
    expect(resizer.resize(first, 93)).toEqual(result);
  });
});

test("white of words stays white", () => {
  const data = new Uint16Array(100 * 80).fill(65535);
  for (const filter of RESIZE_FILTERS)
    expect(new Resizer(filter, [0, 0, 100, 80], 33, 7, 1).resize(data, 100).every((word) => word === 65535)).toBe(true);
});
