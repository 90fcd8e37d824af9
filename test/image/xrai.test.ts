import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { edgesOf, segmented } from "#src/image/felzenszwalb.js";
import { splineResized } from "#src/image/spline.js";
import { regionsOf, segmentsOf } from "#src/image/xrai.js";

type Size = readonly [height: number, width: number, channels: number];

interface Golden {
  readonly shape: Size;
  /** Every 997th number of the picture resized to 224 × 224, and every 101st label of its segments. */
  readonly large: readonly number[];
  readonly labels: readonly number[];
  readonly segments: number;
  /** Every seventh label of the picture's own segments. */
  readonly small_labels: readonly number[];
  /** Pixels of each segment. */
  readonly masks: readonly number[];
  /** Every 13th number, and all ranks, or of large pictures every 13th. */
  readonly map: readonly number[];
  readonly ranks: readonly number[];
}

/** By scikit-image and the authors' package, see `test/reference/xrai.py`. */
const golden = JSON.parse(readFileSync("test/data/xrai.json", "utf8")) as Readonly<Record<string, Golden>>;

const noise = (i: number, code: number): number => {
  const n = Math.sin((i + 1) * 12.9898 + code) * 43758.5453;
  return n - Math.floor(n);
};

const DISCS = [
  [0.3, 0.3, 0.15],
  [0.6, 0.7, 0.2],
  [0.8, 0.25, 0.1],
] as const;

function picture([height, width, channels]: Size): Float64Array {
  return Float64Array.from({ length: height * width * channels }, (_, i) => {
    const [y, x, c] = [Math.floor(i / channels / width), Math.floor(i / channels) % width, i % channels];
    let value = 40 + (60 * x) / width;
    DISCS.forEach(([cy, cx, r], k) => {
      if ((y / height - cy) ** 2 + (x / width - cx) ** 2 < r ** 2) value = 80 + 50 * ((k + c) % 3);
    });
    return value + 12 * noise(i, 1);
  });
}

const relevance = ([height, width]: Size): Float64Array =>
  Float64Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    return Math.exp(-((y / height - 0.6) ** 2 + (x / width - 0.7) ** 2) / 0.02) + 0.3 * (noise(i, 2) - 0.5);
  });

/** A picture with its values from −1 to 1. */
function scaled(data: Float64Array): Float64Array {
  const [low, high] = [data.reduce((a, b) => Math.min(a, b)), data.reduce((a, b) => Math.max(a, b))];
  return data.map((value) => ((value - low) / (high - low)) * 2 - 1);
}

/** Labels renamed in the order in which they come first. */
function renamed(labels: ArrayLike<number>): number[] {
  const names = new Map<number, number>();
  return Array.from(labels, (label) => {
    const name = names.get(label) ?? names.size;
    names.set(label, name);
    return name;
  });
}

const every = <T>(values: ArrayLike<T>, step: number): T[] => Array.from(values).filter((_, i) => i % step === 0);

describe.each(Object.entries(golden))("%s", (_, wanted) => {
  const data = picture(wanted.shape);

  test("resizing and segments are scikit-image's", () => {
    const large = splineResized(scaled(data), wanted.shape, [224, 224]);
    every(large, 997).forEach((value, i) => {
      expect(Math.abs(value - wanted.large[i]!)).toBeLessThan(1e-6);
    });
    const labels = segmented(edgesOf(large, [224, 224, wanted.shape[2]], 0.8), 250, 150);
    expect(new Set(labels).size).toBe(wanted.segments);
    expect(renamed(every(labels, 101))).toEqual(renamed(wanted.labels));
    const small = segmented(edgesOf(scaled(data), wanted.shape, 0.5), 100, 20);
    expect(renamed(every(small, 7))).toEqual(renamed(wanted.small_labels));
  });

  test("regions are ranked as the authors' package ranks them, pixel for pixel", () => {
    const segments = segmentsOf(data, wanted.shape);
    const sizes = segments.map((mask) => mask.reduce((sum, one) => sum + one, 0)).filter((size) => size > 0);
    expect(sizes.toSorted((a, b) => a - b)).toEqual(wanted.masks.filter((size) => size > 0).toSorted((a, b) => a - b));
    const { map, ranks } = regionsOf(relevance(wanted.shape), segments);
    every(map, 13).forEach((value, i) => {
      expect(Math.abs(value - wanted.map[i]!)).toBeLessThan(1e-6);
    });
    expect(wanted.ranks.length < ranks.length ? every(ranks, 13) : [...ranks]).toEqual(wanted.ranks);
  });
});

test("segments of a picture of one colour are one", () => {
  expect(new Set(segmented(edgesOf(new Float64Array(300), [10, 10, 3], 0.8), 50, 2)).size).toBe(1);
  const [only, ...others] = segmentsOf(new Float64Array(300).fill(7), [10, 10, 3]).filter((mask) =>
    mask.some((one) => one === 1),
  );
  expect([only, ...others].every((mask) => mask!.every((one) => one === 1))).toBe(true);
});
