import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { area, faithfulness, ranked } from "#src/evaluation/faithfulness/faithfulness.js";
import { imputed } from "#src/evaluation/faithfulness/imputation.js";
import { Planes } from "#src/evaluation/faithfulness/planes.js";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { SubjectImage } from "#src/relevance/contract/subject.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../../evaluate.js";
import { configuration, dense, image, modalityOf, subjectOf } from "../../relevance/subjects.js";

/** Written by test/reference/faithfulness.py. */
const QUANTUS = JSON.parse(
  readFileSync(new URL("../../data/reference/faithfulness.json", import.meta.url), "utf8"),
) as {
  readonly height: number;
  readonly width: number;
  readonly step: number;
  readonly fill: number;
  readonly percentages: number[];
  readonly parameters: number[][];
  readonly images: number[][];
  readonly maps: number[][];
  readonly chosen: number[];
  readonly deletion: number[][];
  readonly areas: number[];
  readonly sensitivity: number[];
  readonly road: number[];
  readonly imputed: { readonly indices: number[]; readonly pixels: number[] };
};

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("as Quantus measures", () => {
  const { height, width, parameters } = QUANTUS;
  const x = image("image", [1, 1, height, width]);
  const [kernel, offset, matrix, shift] = parameters as [number[], number[], number[], number[]];
  const maps = b.relu(
    b.conv(x, b.tensor("float32", [3, 1, 3, 3], kernel), { strides: [2, 2] }, b.tensor("float32", [3], offset)),
  );
  const logits = apply(
    "Gemm",
    [b.reshape(maps, [1, 60]), b.tensor("float32", [4, 60], matrix), b.tensor("float32", [4], shift)],
    { transB: 1 },
  );
  const subject = subjectOf([x], logits, [modalityOf(x)], { distribution: "logits" });
  const mapped = QUANTUS.images.map((pixels, k) => ({
    feeds: { image: float32(pixels, x.shape) },
    importance: [1, 1, 1, 1],
    map: QUANTUS.maps[k]!,
  }));
  const measured = () =>
    faithfulness(subject, subject.modalities[0] as SubjectImage, mapped, {
      step: QUANTUS.step,
      fill: QUANTUS.fill,
      percentages: QUANTUS.percentages,
      noise: 0,
    });

  it("pixel flipping, sensitivity-n and ROAD", async () => {
    const found = await measured();
    const expected = QUANTUS.deletion[0]!.map((_, step) => meanOf(QUANTUS.deletion.map((curve) => curve[step]!)));
    expect(relativeError(found.deletion, expected)).toBeLessThan(1e-5);
    expect(area(found.deletion)).toBeCloseTo(meanOf(QUANTUS.areas) / (expected.length - 1), 5);
    expect(relativeError(found.sensitivity, QUANTUS.sensitivity)).toBeLessThan(1e-4);
    expect(relativeError(found.road, QUANTUS.road)).toBeLessThan(1e-6);
    // The last step of either curve is the image without, or with, all pixels.
    expect(found.insertion).toHaveLength(expected.length);
    expect(found.insertion.at(-1)).not.toBeCloseTo(found.deletion.at(-1)!, 3);
  });

  it("noisy linear imputation", () => {
    const removed = new Uint8Array(height * width);
    for (const i of QUANTUS.imputed.indices) removed[i] = 1;
    const found = imputed(Float64Array.from(QUANTUS.images[0]!), removed, { height, width });
    expect(relativeError(found, QUANTUS.imputed.pixels)).toBeLessThan(1e-4);
  });
});

describe("imputation", () => {
  const size = { height: 5, width: 4 };
  it("keeps a plane of one value, and solves every equation", () => {
    const flat = new Float64Array(20).fill(0.7);
    const removed = Uint8Array.from({ length: 20 }, (_, i) => Number(i % 3 !== 0));
    expect(relativeError(imputed(flat, removed, size), flat)).toBeLessThan(1e-4);
  });
  it("of everything is zero, of nothing the plane", () => {
    const plane = Float64Array.from(randoms(20, 3));
    expect(imputed(plane, new Uint8Array(20), size)).toEqual(plane);
    expect(Array.from(imputed(plane, new Uint8Array(20).fill(1), size))).toEqual(Array(20).fill(0));
  });
});

it("planes are those of every layout", () => {
  const cases: [SubjectImage["layout"], number[]][] = [
    ["NCHW", [1, 2, 3, 4]],
    ["NHWC", [1, 3, 4, 2]],
    ["NHWC", [1, 2, 3, 4, 3]],
  ];
  for (const [layout, shape] of cases) {
    const planes = new Planes({ ...(modalityOf(image()) as SubjectImage), layout }, shape);
    const count = shape.reduce((product, d) => product * d, 1);
    const numbers = Float32Array.from({ length: count }, (_, i) => i);
    const split = planes.split(numbers);
    expect(split.flatMap((plane) => [...plane]).sort((p, q) => p - q)).toEqual(Array.from(numbers));
    expect(planes.join(split)).toEqual(numbers);
    // Neighbours in a row are one pixel apart.
    expect(split[0]![1]! - split[0]![0]!).toBe(layout === "NHWC" ? shape.at(-1) : 1);
  }
});

describe("of torques", () => {
  const x = image("image", [1, 2, 4, 4]);
  const q = configuration(2);
  // Each torque depends on one pixel alone.
  const matrix = new Float32Array(64);
  matrix[2 * 5 + 0] = 1;
  matrix[2 * (16 + 10) + 1] = -2;
  const output = b.add(dense(b.reshape(x, [1, 32]), 2, Array.from(matrix)), b.mul(q, 0.001));
  const subject = subjectOf([x, q], output);
  const pixels = new Float32Array(32).fill(0);
  pixels[5] = 1;
  pixels[26] = 1;
  const feeds = { image: float32(pixels, x.shape), configuration: float32([0, 0], [1, 2]) };
  const mapOf = (order: readonly number[]) => Float64Array.from({ length: 16 }, (_, i) => -order.indexOf(i));
  const others = Array.from({ length: 16 }, (_, i) => i).filter((i) => i !== 5 && i !== 10);
  const run = (order: readonly number[]) =>
    faithfulness(subject, subject.modalities[0] as SubjectImage, [{ feeds, importance: [1, 0.5], map: mapOf(order) }], {
      step: 1,
      fill: 0,
      percentages: [7, 15],
      noise: 0,
      limits: [2, 4],
    });

  it("curves fall where a torque's pixel is removed, by its part of Σα·limit", async () => {
    const best = await run([10, 5, ...others]);
    // α|τ| is 1 for either torque, Σα·limit is 4.
    expect(best.deletion.slice(0, 3).map((y) => Number(y.toFixed(5)))).toEqual([0.75, 0.5, 0.5]);
    expect(best.insertion.slice(0, 3).map((y) => Number(y.toFixed(5)))).toEqual([0.75, 1, 1]);
    const worst = await run([...others, 5, 10]);
    expect(area(worst.deletion)).toBeGreaterThan(area(best.deletion) + 0.3);
    expect(area(worst.insertion)).toBeLessThan(area(best.insertion) - 0.3);
    expect(best.road).toEqual([0, 0]);
    expect(worst.road).toEqual([1, 1]);
  });

  it("ranks the highest first, and equal ones in their order", () => {
    expect(ranked([1, 3, 3, -2, 0])).toEqual([1, 2, 0, 4, 3]);
  });
});
