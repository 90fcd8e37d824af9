import fc from "fast-check";
import { expect, test } from "vitest";
import { blend } from "#src/image/blend.js";
import type { Heatmap } from "#src/image/heatmap.js";
import type { Image, Region } from "#src/image/image.js";

const imageOf = (width: number, height: number, of: (i: number) => number): Image => ({
  width,
  height,
  encoding: "rgb8",
  data: Uint8Array.from({ length: 3 * width * height }, (_, i) => of(i)),
  frameId: "",
});
const mapOf = (width: number, height: number, data: readonly number[]): Heatmap => ({
  width,
  height,
  data: Float32Array.from(data),
});

/** What a picture at a place is by the paper's words, one pixel at a time. */
function slow(image: Image, map: Heatmap, [left, top, wide, tall]: Region, x: number, y: number, c: number): number {
  const largest = Math.max(0, ...map.data);
  const level = (column: number, row: number): number => {
    const [i, j] = [Math.min(map.width - 1, Math.max(0, column)), Math.min(map.height - 1, Math.max(0, row))];
    const value = map.data[j * map.width + i]!;
    return largest > 0 ? Math.max(0, value) / largest : 0;
  };
  const inside = x + 0.5 >= left && x + 0.5 < left + wide && y + 0.5 >= top && y + 0.5 < top + tall;
  const clamp = (at: number, count: number): number => Math.min(count - 1, Math.max(0, at));
  const across = clamp(((x + 0.5 - left) * map.width) / wide - 0.5, map.width);
  const down = clamp(((y + 0.5 - top) * map.height) / tall - 0.5, map.height);
  const [i, j] = [Math.floor(across), Math.floor(down)];
  const [u, v] = [across - i, down - j];
  const above = (1 - u) * level(i, j) + u * level(i + 1, j);
  const below = (1 - u) * level(i, j + 1) + u * level(i + 1, j + 1);
  const attention = inside ? (1 - v) * above + v * below : 0;
  return (image.data[3 * (y * image.width + x) + c]! * (attention + 0.25)) / 1.25;
}

test("every pixel is weighted by its attention, plus a bias", () => {
  const size = fc.integer({ min: 1, max: 9 });
  const all = fc.record({ width: size, height: size, columns: size, rows: size, seed: fc.nat() });
  fc.assert(
    fc.property(all, ({ width, height, columns, rows, seed }) => {
      const image = imageOf(width, height, (i) => (seed + 37 * i) % 256);
      const map = mapOf(
        columns,
        rows,
        Array.from({ length: columns * rows }, (_, i) => ((seed * 7 + 13 * i) % 31) - 6),
      );
      const region: Region = seed % 2 ? [0, 0, width, height] : [width / 4, 0, width / 2, height * 0.75];
      const found = blend(image, [map], region);
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          for (let c = 0; c < 3; c++) {
            const wanted = slow(image, map, region, x, y, c);
            expect(Math.abs(found.data[3 * (y * width + x) + c]! - wanted)).toBeLessThanOrEqual(0.501);
          }
    }),
    { numRuns: 60 },
  );
});

test("uniform attention shows the image, none shows it at a fifth of its light", () => {
  const image = imageOf(6, 4, (i) => (11 * i) % 256);
  expect(blend(image, [mapOf(3, 2, Array(6).fill(0.02))]).data).toEqual(image.data);
  expect(blend(image, [mapOf(3, 2, Array(6).fill(0))]).data).toEqual(image.data.map((x) => Math.round(x / 5)));
});

test("maps give pictures side by side, each scaled to its own largest value", () => {
  const image = imageOf(2, 2, () => 200);
  const map = [1, 0, 0, 0.5];
  const halves = [
    mapOf(2, 2, map),
    mapOf(
      2,
      2,
      map.map((x) => 1000 * x),
    ),
  ];
  const { width, height, data } = blend(image, halves);
  expect([width, height]).toEqual([4, 2]);
  const grey = Array.from({ length: 8 }, (_, i) => data[3 * i]);
  expect(grey).toEqual([200, 40, 200, 40, 40, 120, 40, 120]);
});

test("attention that is no number is magenta, and the rest is as without it", () => {
  const { data } = blend(
    imageOf(2, 1, () => 100),
    [mapOf(2, 1, [Number.NaN, 4])],
  );
  expect([...data]).toEqual([255, 0, 255, 100, 100, 100]);
});
