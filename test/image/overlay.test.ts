import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { colorTable } from "#src/image/colormap.js";
import type { Heatmap } from "#src/image/heatmap.js";
import { normalize, peak } from "#src/image/heatmap.js";
import type { Image, Region } from "#src/image/image.js";
import { colorize, overlay } from "#src/image/overlay.js";
import type { ImageEncoding } from "#src/image/pixel-formats.js";
import { toRgb } from "#src/image/rgb.js";

function heatmap(width: number, height: number, data: number[]): Heatmap {
  return { width, height, data: Float32Array.from(data) };
}

function gray(width: number, height: number, value = 100): Image {
  return { width, height, encoding: "rgb8", frameId: "", data: new Uint8Array(width * height * 3).fill(value) };
}

const negatives = fc.constantFrom("cool", "magnitude", "hide" as const);

it("marks relevance that is NaN or infinite in magenta", () => {
  const map = heatmap(2, 1, [Number.NaN, 1]);
  const magenta = [255, 0, 255];
  expect([...colorize(map).data.subarray(0, 3)]).toEqual(magenta);
  const { data } = overlay(gray(4, 1), map);
  expect([...data.subarray(0, 6)]).toEqual([...magenta, ...magenta]);
  expect([...data.subarray(6, 9)]).not.toEqual(magenta);
});

describe("normalize", () => {
  it("divides by the largest size and keeps the sign", () => {
    const map = heatmap(4, 1, [2, 1, 0, -4]);
    expect([...normalize(map)]).toEqual([0.5, 0.25, 0, -1]);
    expect(peak(map)).toBe(4);
  });

  it("hides negative relevance where asked", () => {
    const map = heatmap(4, 1, [2, 1, 0, -4]);
    expect([...normalize(map, { negative: "hide" })]).toEqual([1, 0.5, 0, 0]);
    expect(peak(map, { negative: "hide" })).toBe(2);
  });

  it("shows the size of negative relevance where asked", () => {
    const map = heatmap(4, 1, [2, 1, 0, -4]);
    expect([...normalize(map, { negative: "magnitude" })]).toEqual([0.5, 0.25, 0, 1]);
    expect(peak(map, { negative: "magnitude" })).toBe(4);
  });

  it("clamps above a given scale", () => {
    expect([...normalize(heatmap(3, 1, [4, 2, 1]), { scale: 2 })]).toEqual([1, 1, 0.5]);
  });

  it("is 0 everywhere for an empty, negative or NaN heatmap and stays in 0..1 with infinities", () => {
    expect([...normalize(heatmap(2, 1, [0, 0]))]).toEqual([0, 0]);
    expect([...normalize(heatmap(2, 1, [-1, Number.NaN]), { negative: "hide" })]).toEqual([0, 0]);
    expect([...normalize(heatmap(2, 1, [-1, Number.NaN]))]).toEqual([-1, 0]);
    expect([...normalize(heatmap(2, 1, [Number.POSITIVE_INFINITY, 1]))]).toEqual([1, 1]);
  });

  it("stays within −1..1 for any floats, within 0..1 where no sign is shown", () => {
    fc.assert(
      fc.property(fc.array(fc.float(), { minLength: 1, maxLength: 20 }), negatives, (values, negative) => {
        const levels = normalize(heatmap(values.length, 1, values), { negative });
        const lowest = negative === "cool" ? -1 : 0;
        for (const level of levels) expect(level >= lowest && level <= 1).toBe(true);
      }),
    );
  });

  it("refuses data that do not fill the size", () => {
    expect(() => normalize(heatmap(2, 2, [1]))).toThrow("heatmap: 1 values, expected 2 × 2 = 4");
  });
});

describe("colorize", () => {
  it("maps 0 and the peak to the ends of the colour map", () => {
    const { data } = colorize(heatmap(2, 1, [0, 3]), { colormap: "viridis" });
    expect([...data]).toEqual([...colorTable("viridis").subarray(0, 3), ...colorTable("viridis").subarray(765)]);
  });
});

describe("negative relevance", () => {
  it("has the colour of its size with red and blue swapped", () => {
    const top = [...colorTable("inferno").subarray(765)];
    expect([...colorize(heatmap(2, 1, [3, -3])).data]).toEqual([...top, ...top.reverse()]);
  });

  it("covers the camera image by its size", () => {
    const mixed = overlay(gray(2, 1, 0), heatmap(2, 1, [3, -3]), { opacity: 0.5 }).data;
    expect([...mixed.subarray(3)]).toEqual([mixed[2], mixed[1], mixed[0]]);
    expect(mixed[0]).not.toBe(mixed[2]);
  });
});

describe("toRgb", () => {
  it.each<[ImageEncoding, number[]]>([
    ["rgb8", [1, 2, 3]],
    ["bgr8", [3, 2, 1]],
    ["rgba8", [1, 2, 3, 9]],
    ["bgra8", [3, 2, 1, 9]],
  ])("reads %s", (encoding, data) => {
    const image = { width: 1, height: 1, encoding, frameId: "", data: Uint8Array.from(data) };
    expect([...toRgb(image).data]).toEqual([1, 2, 3]);
  });

  it("repeats mono8 three times", () => {
    const image: Image = { width: 1, height: 1, encoding: "mono8", frameId: "", data: Uint8Array.of(7) };
    expect([...toRgb(image).data]).toEqual([7, 7, 7]);
  });

  it("shows the largest depth as white", () => {
    const data = new Uint8Array(Uint16Array.of(0, 1000, 4000, 2000).buffer);
    const depth = { width: 2, height: 2, encoding: "16UC1" as const, data, frameId: "" };
    expect([...toRgb(depth).data].filter((_, at) => at % 3 === 1)).toEqual([0, 64, 255, 128]);
    expect(toRgb({ ...depth, data: new Uint8Array(8) }).data).toEqual(new Uint8Array(12));
  });

  it("refuses data of the wrong size", () => {
    const image: Image = { width: 2, height: 1, encoding: "rgb8", frameId: "", data: new Uint8Array(3) };
    expect(() => toRgb(image)).toThrow("rgb8 image: 3 bytes, expected 2 × 1 × 3");
  });
});

describe("overlay", () => {
  it("copies the image where there is no relevance, and does not write to it", () => {
    const image = gray(3, 2);
    const result = overlay(image, heatmap(3, 2, [0, 0, 0, 0, 0, 1]));
    expect([...result.data.subarray(0, 15)]).toEqual(new Array(15).fill(100));
    expect([...result.data.subarray(15)]).not.toEqual([100, 100, 100]);
    expect([...image.data]).toEqual(new Array(18).fill(100));
    const buffer = { ...image, data: Buffer.from(image.data) };
    expect(Buffer.compare(overlay(buffer, heatmap(3, 2, [0, 0, 0, 0, 0, 1])).data, result.data)).toBe(0);
    expect([...buffer.data]).toEqual([...image.data]);
  });

  it("covers the peak with opacity × the top colour", () => {
    const top = colorTable("inferno").subarray(765);
    const { data } = overlay(gray(1, 1), heatmap(1, 1, [5]), { opacity: 0.5 });
    for (let c = 0; c < 3; c++) expect(Math.abs(data[c]! - (100 + top[c]!) / 2)).toBeLessThanOrEqual(0.5);
    expect([...overlay(gray(1, 1), heatmap(1, 1, [5]), { opacity: 1 }).data]).toEqual([...top]);
  });

  it("has the camera's size and stretches the heatmap like a slow bilinear oracle", () => {
    const small = heatmap(3, 2, [0, 1, 2, 4, 3, 8]);
    const { data, ...size } = overlay(gray(7, 5), small);
    expect(size).toEqual({ width: 7, height: 5 });
    expectNear(data, slowOverlay(gray(7, 5), small, [0, 0, 7, 5]));
  });

  it("covers a region of any size, also one that reaches beyond the image", () => {
    const size = (max: number) => fc.integer({ min: 1, max });
    const offset = fc.integer({ min: -8, max: 12 });
    const map = fc
      .tuple(size(6), size(6))
      .chain(([width, height]) =>
        fc
          .array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: width * height, maxLength: width * height })
          .map((data) => heatmap(width, height, data)),
      );
    fc.assert(
      fc.property(size(12), size(12), map, offset, offset, size(20), size(20), (w, h, small, x, y, across, down) => {
        const region = [x, y, across, down] as const;
        expectNear(overlay(gray(w, h), small, {}, region).data, slowOverlay(gray(w, h), small, region));
      }),
    );
  });

  it("assigns a pixel to the region that holds its centre", () => {
    const { data } = overlay(gray(4, 1), heatmap(1, 1, [1]), {}, [0.6, 0, 2, 1]);
    const touched = [0, 1, 2, 3].filter((x) => data[3 * x] !== 100);
    expect(touched).toEqual([1, 2]);
  });
});

/** Every pixel on its own, in double precision: bilinear level, opacity × √level of the colour. */
function slowOverlay(image: Image, map: Heatmap, [left, top, across, down]: Region): number[] {
  const most = Math.max(...map.data.map(Math.abs));
  const clamp = (value: number, highest: number) => Math.min(Math.max(value, 0), highest);
  const at = (x: number, y: number) =>
    most === 0 ? 0 : map.data[clamp(y, map.height - 1) * map.width + clamp(x, map.width - 1)]! / most;
  const result = [...image.data];
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      if (x + 0.5 < left || x + 0.5 >= left + across || y + 0.5 < top || y + 0.5 >= top + down) continue;
      const u = ((x + 0.5 - left) * map.width) / across - 0.5;
      const v = ((y + 0.5 - top) * map.height) / down - 0.5;
      const [x0, y0] = [Math.floor(u), Math.floor(v)];
      let level = 0;
      for (const [dx, dy] of [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ] as const) {
        level += at(x0 + dx, y0 + dy) * (1 - Math.abs(u - x0 - dx)) * (1 - Math.abs(v - y0 - dy));
      }
      const index = Math.round(255 * Math.abs(level));
      const cover = 0.85 * Math.sqrt(index / 255);
      for (let c = 0; c < 3; c++) {
        const color = colorTable("inferno")[3 * index + (level < 0 ? 2 - c : c)]!;
        result[(y * image.width + x) * 3 + c] = 100 * (1 - cover) + cover * color;
      }
    }
  }
  return result;
}

/** The map's colours are steep at the dark end: a level rounded the other way may be a few bytes off. */
function expectNear(data: Uint8Array, expected: readonly number[]): void {
  expect(data).toHaveLength(expected.length);
  for (let i = 0; i < data.length; i++) expect(Math.abs(data[i]! - expected[i]!)).toBeLessThan(4);
}
