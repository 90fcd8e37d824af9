import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import type { SubjectModality } from "#src/relevance/contract/subject.js";
import { float32 } from "#src/runtime/session.js";
import { configuration, DEPTHS, dense, explain, image, modalityOf, subjectOf } from "../subjects.js";

const POINTS = "torquelens.feature_points.image";
/** So steep that a map's expected place is its brightest cell. */
const STEEP = 200;

/** A convolution that hands on the middle of its window, once as it is and once upside down: two channels. */
const middles = (x: Value, kernel: number, stride: number, pad: number) => {
  const size = kernel * kernel;
  const weight = new Float64Array(2 * size);
  weight[(size - 1) / 2] = STEEP;
  weight[size + (size - 1) / 2] = -STEEP;
  return b.conv(x, b.tensor("float32", [2, 1, kernel, kernel], weight), {
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
  });
};

/** Expected coordinates of logits [N, C, h, w], written as each of several libraries does. */
const WRITTEN: Readonly<Record<string, (map: Value) => Value>> = {
  "a product with the grid": (map) => {
    const [n, c, h, w] = map.shape as [number, number, number, number];
    const rows = b.div(b.reshape(map, [n * c, h * w]), 1.5);
    return b.reshape(b.matmul(b.softmax(rows, 1), gridOf(h, w)), [1, -1]);
  },
  "columns before rows": (map) => {
    const [n, c, h, w] = map.shape as [number, number, number, number];
    const turned = b.reshape(b.transpose(map, [0, 1, 3, 2]), [n * c, h * w]);
    return b.reshape(b.matmul(b.softmax(turned, 1), gridOf(w, h)), [1, -1]);
  },
  "channels last, the softmax over the first axis": (map) => {
    const [n, c, h, w] = map.shape as [number, number, number, number];
    const last = b.reshape(b.transpose(map, [2, 3, 0, 1]), [h * w, n * c]);
    return b.reshape(b.matmul(b.transpose(b.softmax(last, 0), [1, 0]), gridOf(h, w)), [1, -1]);
  },
  "sums over columns": (map) => {
    const [n, c, h, w] = map.shape as [number, number, number, number];
    const p = b.reshape(b.softmax(b.reshape(map, [n * c, h * w]), 1), [n * c, h, w]);
    const x = b.tensor(
      "float32",
      [w, 1],
      Array.from({ length: w }, (_, i) => i),
    );
    return b.reshape(b.matmul(b.sum(p, [1]), x), [1, -1]);
  },
};

const gridOf = (h: number, w: number) =>
  b.tensor("float32", [h * w, 2], Array.from({ length: h * w }, (_, i) => [(i % w) / w, Math.floor(i / w) / h]).flat());

/** Black but for one white pixel, and grey but for one black one: what the two channels of `middles` look for. */
function picture(height: number, width: number, white: [number, number], black: [number, number]) {
  const pixels = new Float32Array(height * width).fill(0.5);
  pixels[white[1] * width + white[0]] = 1;
  pixels[black[1] * width + black[0]] = 0;
  return pixels;
}

async function pointsOf(x: Value, points: Value, data: Float32Array, modality: SubjectModality = modalityOf(x)) {
  const subject = subjectOf([x], dense(points, 2, 3), [modality]);
  const [out] = await explain(subject, { image: float32(data, x.shape) });
  return out![POINTS] && Array.from(out![POINTS], (v) => Math.round(1000 * v) / 1000);
}

describe.each(Object.entries(WRITTEN))("feature points of %s", (_, written) => {
  it("stand where the middle of what a cell sees is", async () => {
    const x = image("image", [1, 1, 12, 18]);
    const data = picture(12, 18, [10, 4], [2, 8]);
    expect(await pointsOf(x, written(middles(x, 3, 2, 1)), data)).toEqual([10, 4, 2, 8]);
    const odd = picture(12, 18, [7, 5], [9, 3]);
    expect(await pointsOf(x, written(middles(x, 3, 2, 0)), odd)).toEqual([7, 5, 9, 3]);
  });
});

const PRODUCT = WRITTEN["a product with the grid"]!;

it("a feature point is the mean of its map's cells, weighted by their probability", async () => {
  const x = image("image", [1, 1, 2, 3]);
  const data = Float32Array.of(0, 0.5, 1, 0.25, 0.75, 0.1);
  const e = Array.from(data, (v) => Math.exp(v / 1.5));
  const sum = e.reduce((a, v) => a + v);
  const mean = (of: (i: number) => number) => Math.round(1000 * e.reduce((a, v, i) => a + (v / sum) * of(i), 0)) / 1000;
  expect(await pointsOf(x, PRODUCT(x), data)).toEqual([mean((i) => i % 3), mean((i) => Math.floor(i / 3))]);
});

it("feature points of a map that was stretched stand in the middle of their part of the image", async () => {
  const x = image("image", [1, 1, 8, 8]);
  const halved = apply("MaxPool", [middles(x, 1, 1, 0)], { kernel_shape: [2, 2], strides: [2, 2] });
  const sizes = b.tensor("int64", [4], [1, 2, 8, 8]);
  const stretched = apply("Resize", [halved, undefined, undefined, sizes], { mode: "nearest" });
  const data = picture(8, 8, [2, 2], [5, 4]).map((v) => (v === 0.5 ? 0.6 : v));
  // Both pixels of each pair are alike: the mean of four of eight cells, each a pixel.
  expect((await pointsOf(x, PRODUCT(stretched), data))!.slice(0, 2)).toEqual([2.5, 2.5]);
});

it("of an image with channels last, and of the latest of several images", async () => {
  const last = image("image", [1, 12, 18, 1]);
  const nhwc = { ...modalityOf(last), layout: "NHWC" } as SubjectModality;
  const data = picture(12, 18, [10, 4], [2, 8]);
  const moved = middles(b.transpose(last, [0, 3, 1, 2]), 3, 2, 1);
  expect(await pointsOf(last, PRODUCT(moved), data, nhwc)).toEqual([10, 4, 2, 8]);
  const two = image("image", [2, 1, 12, 18]);
  const both = Float32Array.from([...picture(12, 18, [4, 4], [6, 6]), ...data]);
  expect(await pointsOf(two, PRODUCT(middles(two, 3, 2, 1)), both)).toEqual([10, 4, 2, 8]);
});

it("are an output of every depth that has heatmaps, by camera; policies without a soft-argmax have none", () => {
  const cameras = ["left", "right"].map((name) => image(name, [1, 1, 6, 6]));
  const points = cameras.map((x) => PRODUCT(middles(x, 3, 1, 1)));
  const outputsOf = (depth: (typeof DEPTHS)[number], torque: Value, inputs: readonly Value[]) =>
    [...compile(subjectOf(inputs, torque), { depth }).graph.outputs.keys()].filter((name) => name.includes("points"));
  for (const depth of DEPTHS) {
    const names = ["torquelens.feature_points.left", "torquelens.feature_points.right"];
    const torque = dense(b.concat(points, 1), 2, 3);
    expect(outputsOf(depth, torque, cameras)).toEqual(depth === "shares" ? [] : names);
    const state = configuration();
    expect(outputsOf(depth, dense(state, 2, 3), [state])).toEqual([]);
  }
});
