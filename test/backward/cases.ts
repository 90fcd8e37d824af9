import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { randoms } from "../evaluate.js";

/** A function of operands of these shapes, with numbers between low and high (−1 and 1). */
export interface GradientCase {
  readonly shapes: readonly number[][];
  readonly f: (...xs: Value[]) => Value;
  readonly low?: number;
  readonly high?: number;
}

const conv = (geometry: object) => (x: Value, w: Value) => b.conv(x, w, geometry);
/** Every operator with a gradient. */
export const GRADIENT_CASES: Readonly<Record<string, GradientCase>> = {
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
