import { describe, expect, it } from "vitest";
import { gradients } from "#src/backward/gradients.js";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate, randoms, relativeError } from "../evaluate.js";

/** A scalar loss that weighs every output element differently, so that no error can cancel. */
const loss = (y: Value) =>
  b.sum(
    b.mul(
      y,
      b.tensor(
        "float32",
        y.shape,
        randoms(
          y.shape.reduce((a, c) => a * c, 1),
          99,
        ),
      ),
    ),
  );

type Case = { shapes: number[][]; f: (...xs: Value[]) => Value; low?: number; high?: number };

const conv = (geometry: object) => (x: Value, w: Value) => b.conv(x, w, geometry);
const CASES: Record<string, Case> = {
  "Add broadcast": { shapes: [[2, 3], [3]], f: b.add },
  Sub: {
    shapes: [
      [2, 3],
      [2, 1],
    ],
    f: b.sub,
  },
  Mul: {
    shapes: [
      [2, 3],
      [1, 3],
    ],
    f: b.mul,
  },
  Div: {
    shapes: [
      [2, 3],
      [2, 3],
    ],
    f: b.div,
    low: 0.5,
    high: 2,
  },
  Pow: { shapes: [[4], [4]], f: (x, y) => apply("Pow", [x, y]), low: 0.5, high: 2 },
  Max: { shapes: [[6], [6]], f: b.maximum },
  Min: { shapes: [[6], [6]], f: b.minimum },
  Exp: { shapes: [[5]], f: b.exp },
  Log: { shapes: [[5]], f: b.log, low: 0.5, high: 2 },
  Sqrt: { shapes: [[5]], f: b.sqrt, low: 0.5, high: 2 },
  Reciprocal: { shapes: [[5]], f: (x) => apply("Reciprocal", [x]), low: 0.5, high: 2 },
  Abs: { shapes: [[5]], f: b.abs },
  Tanh: { shapes: [[5]], f: b.tanh },
  Sigmoid: { shapes: [[5]], f: b.sigmoid },
  Relu: { shapes: [[7]], f: b.relu },
  LeakyRelu: { shapes: [[7]], f: (x) => apply("LeakyRelu", [x], { alpha: 0.2 }) },
  Softmax: { shapes: [[3, 4]], f: (x) => b.softmax(x, 1) },
  Clip: { shapes: [[9]], f: (x) => apply("Clip", [x, b.scalar(-0.4), b.scalar(0.3)]) },
  Where: { shapes: [[4], [4]], f: (x, y) => b.where(b.greater(b.tensor("float32", [4], [1, 0, 1, 0]), 0.5), x, y) },
  Transpose: { shapes: [[2, 3, 4]], f: (x) => b.transpose(x, [2, 0, 1]) },
  Reshape: { shapes: [[2, 6]], f: (x) => b.reshape(x, [3, 4]) },
  Expand: { shapes: [[2, 1]], f: (x) => b.expand(x, [3, 2, 4]) },
  Concat: {
    shapes: [
      [2, 2],
      [2, 3],
    ],
    f: (x, y) => b.concat([x, y], 1),
  },
  Split: {
    shapes: [[2, 5]],
    f: (x) => {
      const [p, q] = b.split(x, 1, [2, 3]);
      return b.concat([b.mul(q!, 2), p!], 1);
    },
  },
  "Slice with a step": { shapes: [[2, 9]], f: (x) => b.slice(x, 1, 1, 8, 3) },
  "Slice backwards": { shapes: [[6]], f: (x) => b.slice(x, 0, -1, Number.MIN_SAFE_INTEGER, -2) },
  Pad: { shapes: [[2, 3]], f: (x) => b.padAxis(x, 1, 2, 1) },
  Gather: { shapes: [[4, 3]], f: (x) => apply("Gather", [x, b.int64([2, 0, 2])], { axis: 0 }) },
  ReduceSum: { shapes: [[2, 3, 4]], f: (x) => b.sum(x, [0, 2]) },
  ReduceMean: { shapes: [[2, 3, 4]], f: (x) => b.mean(x, [1], true) },
  ReduceMax: { shapes: [[3, 5]], f: (x) => b.reduceMax(x, [1]) },
  MatMul: {
    shapes: [
      [2, 3],
      [3, 4],
    ],
    f: b.matmul,
  },
  "MatMul batched": {
    shapes: [
      [2, 1, 3, 4],
      [5, 4, 2],
    ],
    f: b.matmul,
  },
  "MatMul vector": { shapes: [[3], [3, 4]], f: b.matmul },
  Gemm: {
    shapes: [[3, 2], [4, 3], [4]],
    f: (x, w, c) => apply("Gemm", [x, w, c], { transA: 1, transB: 1, alpha: 0.5, beta: 2 }),
  },
  Conv: {
    shapes: [
      [2, 2, 7, 6],
      [3, 2, 3, 3],
    ],
    f: conv({}),
  },
  "Conv strided, padded": {
    shapes: [
      [1, 2, 8, 7],
      [3, 2, 3, 2],
    ],
    f: conv({ strides: [2, 3], pads: [1, 0, 2, 1] }),
  },
  "Conv 7×7 stride 2": {
    shapes: [
      [2, 3, 12, 13],
      [2, 3, 7, 7],
    ],
    f: conv({ strides: [2, 2] }),
  },
  "Conv dilated": {
    shapes: [
      [1, 2, 9, 9],
      [2, 2, 3, 3],
    ],
    f: conv({ dilations: [2, 2], pads: [1, 1, 1, 1] }),
  },
  "Conv grouped": {
    shapes: [
      [1, 4, 6, 6],
      [6, 2, 3, 3],
    ],
    f: conv({ group: 2, strides: [2, 2], pads: [1, 1, 1, 1] }),
  },
  ConvTranspose: {
    shapes: [
      [1, 3, 4, 4],
      [3, 2, 3, 3],
    ],
    f: (y, w) => apply("ConvTranspose", [y, w], { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] }),
  },
  MaxPool: {
    shapes: [[1, 2, 7, 7]],
    f: (x) => apply("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  },
  AveragePool: {
    shapes: [[1, 2, 7, 7]],
    f: (x) => apply("AveragePool", [x], { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 0, 1], ceil_mode: 1 }),
  },
  GlobalAveragePool: { shapes: [[1, 3, 4, 5]], f: (x) => apply("GlobalAveragePool", [x]) },
  BatchNormalization: {
    shapes: [[2, 3, 2, 2]],
    f: (x) => {
      const channel = (seed: number) => b.tensor("float32", [3], randoms(3, seed, 0.5, 1.5));
      return apply("BatchNormalization", [x, channel(1), channel(2), channel(3), channel(4)], { epsilon: 1e-3 });
    },
  },
};

const STEP = 2e-3;

/** Central differences of the loss in every input element, from one run a side. */
async function differences(xs: Value[], values: Float32Array[], l: Value, k: number): Promise<Float64Array> {
  const feed = (data: Float32Array[]) => Object.fromEntries(xs.map((x, i) => [x.name!, float32(data[i]!, x.shape)]));
  const out = new Float64Array(values[k]!.length);
  const { Session } = await import("#src/runtime/session.js");
  const { writeModel } = await import("#src/graph/onnx-write.js");
  const graph = {
    name: "d",
    inputs: new Map(xs.map((x) => [x.name!, x])),
    outputs: new Map([["l", l]]),
    metadata: new Map(),
    opset: 18,
  };
  const session = await Session.create(writeModel(graph), { threads: 1 });
  for (let i = 0; i < out.length; i++) {
    const at = async (step: number) => {
      const moved = values.map((v) => v.slice());
      moved[k]![i]! += step;
      return (await session.run(feed(moved))).l!.data[0] as number;
    };
    out[i] = ((await at(STEP)) - (await at(-STEP))) / (2 * STEP);
  }
  await session.release();
  return out;
}

describe("gradients against central differences", () => {
  for (const [name, { shapes, f, low, high }] of Object.entries(CASES))
    it(name, async () => {
      const xs = shapes.map((shape, i) => b.input(`x${i}`, "float32", shape));
      const values = xs.map((x, i) =>
        randoms(
          x.shape.reduce((p, d) => p * d, 1),
          i + 1,
          low,
          high,
        ),
      );
      const l = loss(f(...xs));
      const gs = gradients(l, xs);
      const feeds = Object.fromEntries(xs.map((x, i) => [x.name!, float32(values[i]!, x.shape)]));
      const out = await evaluate(xs, Object.fromEntries(gs.map((g, i) => [`g${i}`, g])), feeds);
      for (let k = 0; k < xs.length; k++)
        expect(relativeError(out[`g${k}`]!, await differences(xs, values, l, k)), `input ${k}`).toBeLessThan(5e-3);
    });
});

describe("gradients of gradients", () => {
  it("the gradient of a squared input gradient through convolution, softmax and products", async () => {
    const x = b.input("x", "float32", [1, 2, 6, 6]);
    const w = b.input("w", "float32", [3, 2, 3, 3]);
    const network = (image: Value, weight: Value) => {
      const h = b.reshape(b.tanh(b.conv(image, weight, { strides: [1, 1] })), [3, 16]);
      return loss(b.matmul(b.softmax(h), b.tensor("float32", [16, 2], randoms(32, 5))));
    };
    const [gx] = gradients(network(x, w), [x]);
    const penalty = b.sum(b.square(gx!));
    const [gw] = gradients(penalty, [w]);
    const values = [randoms(72, 1), randoms(54, 2)];
    const out = await evaluate(
      [x, w],
      { gw: gw! },
      { x: float32(values[0]!, x.shape), w: float32(values[1]!, w.shape) },
    );
    expect(relativeError(out.gw!, await differences([x, w], values, penalty, 1))).toBeLessThan(2e-2);
  });

  it("is zero where the output does not depend on the input", () => {
    const x = b.input("x", "float32", [3]);
    const [g] = gradients(b.sum(b.exp(b.input("y", "float32", [2]))), [x]);
    expect(Array.from(g!.literal!.numbers())).toEqual([0, 0, 0]);
  });

  it("names the node of an operator without a rule", () => {
    const x = b.input("x", "float32", [1, 2, 4, 4]);
    const padded = apply("Pad", [x, b.int64([0, 0, 1, 1, 0, 0, 1, 1])], { mode: "reflect" });
    expect(() => gradients(b.sum(padded), [x])).toThrow(/Pad of mode reflect/);
  });
});
