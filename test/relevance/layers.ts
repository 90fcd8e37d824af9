import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { randoms } from "../evaluate.js";

const weights = (shape: readonly number[], seed: number, low = -1, high = 1) =>
  b.tensor("float32", shape, randoms(sizeOf(shape), seed, low, high));

export interface LayerCase {
  readonly shape: readonly number[];
  readonly layer: (x: Value, seed: number) => Value;
}

const normalised = (y: Value, seed: number) => {
  const channels = y.shape[1]!;
  const of = (k: number, low = -1) => weights([channels], 10 * seed + k, low);
  return apply("BatchNormalization", [y, of(1), of(2), of(3), of(4, 0.2)]);
};

/** Every kind of linear layer that rules see. */
export const LAYERS: Readonly<Record<string, LayerCase>> = {
  "Conv, bias": { shape: [1, 2, 5, 4], layer: (x, s) => b.conv(x, weights([3, 2, 3, 2], s), {}, weights([3], s + 1)) },
  "Conv, strided and padded": {
    shape: [1, 2, 6, 5],
    layer: (x, s) => b.conv(x, weights([2, 2, 3, 3], s), { strides: [2, 2], pads: [1, 0, 1, 1] }),
  },
  "Conv 7×7 stride 2": {
    shape: [1, 2, 9, 10],
    layer: (x, s) => b.conv(x, weights([2, 2, 7, 7], s), { strides: [2, 2] }),
  },
  "Conv, dilated": { shape: [1, 1, 6, 6], layer: (x, s) => b.conv(x, weights([2, 1, 2, 3], s), { dilations: [3, 2] }) },
  "Conv, grouped": {
    shape: [1, 4, 4, 4],
    layer: (x, s) => b.conv(x, weights([6, 2, 3, 3], s), { group: 2, pads: [1, 1, 1, 1] }),
  },
  "Conv, one axis": { shape: [1, 2, 7], layer: (x, s) => b.conv(x, weights([3, 2, 3], s), { strides: [2] }) },
  "Conv, SAME": {
    shape: [1, 2, 5, 5],
    layer: (x, s) => apply("Conv", [x, weights([2, 2, 3, 3], s)], { auto_pad: "SAME_UPPER", strides: [2, 2] }),
  },
  "Conv and BatchNormalization": {
    shape: [1, 2, 4, 4],
    layer: (x, s) => normalised(b.conv(x, weights([4, 2, 3, 3], s), {}, weights([4], s + 1)), s),
  },
  "Conv, scaled and shifted": {
    shape: [1, 2, 4, 4],
    layer: (x, s) =>
      b.add(b.mul(b.conv(x, weights([3, 2, 2, 2], s)), weights([3, 1, 1], s + 1)), weights([1, 3, 1, 1], s + 2)),
  },
  MatMul: { shape: [1, 6], layer: (x, s) => b.matmul(x, weights([6, 4], s)) },
  "MatMul of a sequence": { shape: [2, 3, 4], layer: (x, s) => b.matmul(x, weights([4, 3], s)) },
  "MatMul and Add": { shape: [1, 6], layer: (x, s) => b.add(b.matmul(x, weights([6, 4], s)), weights([4], s + 1)) },
  Gemm: {
    shape: [1, 6],
    layer: (x, s) => apply("Gemm", [x, weights([4, 6], s), weights([4], s + 1)], { transB: 1, alpha: 0.5, beta: 2 }),
  },
  "Gemm and BatchNormalization": {
    shape: [1, 6],
    layer: (x, s) => normalised(apply("Gemm", [x, weights([6, 5], s), weights([5], s + 1)]), s),
  },
  "Gemm divided by limits": {
    shape: [1, 6],
    layer: (x, s) => b.div(apply("Gemm", [x, weights([6, 3], s)]), b.tensor("float32", [1, 3], [2, -0.5, 4])),
  },
  AveragePool: {
    shape: [1, 2, 5, 5],
    layer: (x) => apply("AveragePool", [x], { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1] }),
  },
  "AveragePool, counting pads": {
    shape: [1, 2, 5, 5],
    layer: (x) =>
      apply("AveragePool", [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 }),
  },
  GlobalAveragePool: { shape: [1, 3, 3, 4], layer: (x) => apply("GlobalAveragePool", [x]) },
  ReduceMean: { shape: [1, 3, 4], layer: (x) => b.mean(x, [1]) },
  ReduceSum: { shape: [1, 3, 4], layer: (x) => b.sum(x, [2], true) },
};
