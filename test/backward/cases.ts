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
  /** Operator set that has the operator; 18 by default. */
  readonly opset?: number;
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
  "Conv strided and dilated": {
    shapes: [
      [2, 2, 9, 10],
      [3, 2, 3, 2],
    ],
    f: conv({ strides: [2, 3], dilations: [2, 1], pads: [1, 0, 2, 1] }),
  },
  "Conv grouped, strided and dilated": {
    shapes: [
      [1, 4, 9, 9],
      [2, 2, 2, 2],
    ],
    f: conv({ group: 2, strides: [2, 2], dilations: [3, 2] }),
  },
  "ConvTranspose strided and dilated": {
    shapes: [
      [1, 3, 4, 4],
      [3, 2, 2, 3],
    ],
    f: (y, w) => apply("ConvTranspose", [y, w], { strides: [2, 2], dilations: [2, 1] }),
  },
  "Conv grouped, stride 1": {
    shapes: [
      [1, 4, 5, 6],
      [6, 2, 3, 2],
    ],
    f: conv({ group: 2, dilations: [1, 2], pads: [1, 0, 0, 1] }),
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
  "BatchNormalization of values": {
    shapes: [[2, 3, 2, 2], [3], [3], [3], [3]],
    f: (...inputs) => apply("BatchNormalization", inputs, { epsilon: 1e-3 }),
    low: 0.5,
    high: 1.5,
  },
  Sin: { shapes: [[9]], f: (x) => apply("Sin", [x]), low: -2, high: 2 },
  Cos: { shapes: [[9]], f: (x) => apply("Cos", [x]), low: -2, high: 2 },
  Atan: { shapes: [[9]], f: (x) => apply("Atan", [x]), low: -2, high: 2 },
  Sinh: { shapes: [[9]], f: (x) => apply("Sinh", [x]), low: -2, high: 2 },
  Cosh: { shapes: [[9]], f: (x) => apply("Cosh", [x]), low: -2, high: 2 },
  Asinh: { shapes: [[9]], f: (x) => apply("Asinh", [x]), low: -2, high: 2 },
  Erf: { shapes: [[9]], f: (x) => apply("Erf", [x]), low: -2, high: 2 },
  Softplus: { shapes: [[9]], f: (x) => apply("Softplus", [x]), low: -2, high: 2 },
  Softsign: { shapes: [[9]], f: (x) => apply("Softsign", [x]), low: -2, high: 2 },
  Mish: { shapes: [[9]], f: (x) => apply("Mish", [x]), low: -2, high: 2 },
  Tan: { shapes: [[9]], f: (x) => apply("Tan", [x]) },
  Asin: { shapes: [[9]], f: (x) => apply("Asin", [x]), low: -0.8, high: 0.8 },
  Acos: { shapes: [[9]], f: (x) => apply("Acos", [x]), low: -0.8, high: 0.8 },
  Atanh: { shapes: [[9]], f: (x) => apply("Atanh", [x]), low: -0.8, high: 0.8 },
  Acosh: { shapes: [[9]], f: (x) => apply("Acosh", [x]), low: 1.3, high: 3 },
  "Mod of reals": { shapes: [[6]], f: (x) => apply("Mod", [x, b.scalar(0.83)], { fmod: 1 }) },
  "Max of three": { shapes: [[6], [6], [2, 6]], f: (...xs) => apply("Max", xs) },
  "Min of three": { shapes: [[6], [1], [2, 6]], f: (...xs) => apply("Min", xs) },
  Elu: { shapes: [[9]], f: (x) => apply("Elu", [x], { alpha: 0.7 }), low: -2, high: 2 },
  Celu: { shapes: [[9]], f: (x) => apply("Celu", [x], { alpha: 0.7 }), low: -2, high: 2 },
  Selu: { shapes: [[9]], f: (x) => apply("Selu", [x]), low: -2, high: 2 },
  "Selu of its own numbers": { shapes: [[9]], f: (x) => apply("Selu", [x], { alpha: 1.2, gamma: 0.8 }) },
  HardSigmoid: { shapes: [[12]], f: (x) => apply("HardSigmoid", [x], { alpha: 0.3, beta: 0.4 }), low: -3, high: 3 },
  HardSwish: { shapes: [[12]], f: (x) => apply("HardSwish", [x]), low: -5, high: 5 },
  ThresholdedRelu: { shapes: [[9]], f: (x) => apply("ThresholdedRelu", [x], { alpha: 0.3 }) },
  Gelu: { shapes: [[9]], f: (x) => apply("Gelu", [x]), low: -3, high: 3, opset: 20 },
  "Gelu by tanh": { shapes: [[9]], f: (x) => apply("Gelu", [x], { approximate: "tanh" }), low: -3, high: 3, opset: 20 },
  PRelu: {
    shapes: [
      [2, 3, 2],
      [3, 1],
    ],
    f: (x, slope) => apply("PRelu", [x, slope]),
  },
  LogSoftmax: { shapes: [[3, 4]], f: (x) => apply("LogSoftmax", [x], { axis: 0 }) },
  "Pad reflecting": { shapes: [[2, 5]], f: (x) => apply("Pad", [x, b.int64([0, 3, 1, 2])], { mode: "reflect" }) },
  "Pad with edges": { shapes: [[2, 3]], f: (x) => apply("Pad", [x, b.int64([2, 0, 0, 4])], { mode: "edge" }) },
  "Pad wrapping": { shapes: [[2, 4]], f: (x) => apply("Pad", [x, b.int64([0, 3, 1, 1])], { mode: "wrap" }), opset: 19 },
  Tile: { shapes: [[2, 3]], f: (x) => apply("Tile", [x, b.int64([2, 3])]) },
  "DepthToSpace DCR": { shapes: [[2, 8, 2, 3]], f: (x) => apply("DepthToSpace", [x], { blocksize: 2 }) },
  "DepthToSpace CRD": { shapes: [[1, 8, 2, 3]], f: (x) => apply("DepthToSpace", [x], { blocksize: 2, mode: "CRD" }) },
  SpaceToDepth: { shapes: [[1, 3, 4, 6]], f: (x) => apply("SpaceToDepth", [x], { blocksize: 2 }) },
  Trilu: { shapes: [[2, 3, 4]], f: (x) => apply("Trilu", [x, b.scalar(1, "int64")], { upper: 0 }) },
  GatherElements: {
    shapes: [[2, 3]],
    f: (x) => apply("GatherElements", [x, b.tensor("int64", [2, 2], [0, 0, 2, 1])], { axis: 1 }),
  },
  GatherND: { shapes: [[3, 2, 4]], f: (x) => apply("GatherND", [x, b.tensor("int64", [3, 2], [0, 1, 2, 0, 0, 1])]) },
  "ScatterElements replacing": {
    shapes: [
      [2, 3],
      [2, 2],
    ],
    f: (x, u) => apply("ScatterElements", [x, b.tensor("int64", [2, 2], [0, 2, 1, 0]), u], { axis: 1 }),
  },
  "ScatterElements replacing one place several times": {
    shapes: [
      [2, 3],
      [2, 3],
    ],
    f: (x, u) => apply("ScatterElements", [x, b.tensor("int64", [2, 3], [1, 0, -2, 2, 2, 2]), u], { axis: 1 }),
  },
  TopK: { shapes: [[2, 5]], f: (x) => apply("TopK", [x, b.int64([3])], { sorted: 0 }) },
  "TopK of the smallest": {
    shapes: [[4, 3]],
    f: (x) => apply("TopK", [x, b.int64([2])], { axis: 0, largest: 0 }),
  },
  "ReduceProd without axes, unchanged": {
    shapes: [[3, 2]],
    f: (x) => apply("ReduceProd", [x], { noop_with_empty_axes: 1 }),
  },
  "ScatterElements adding": {
    shapes: [
      [2, 3],
      [2, 2],
    ],
    f: (x, u) =>
      apply("ScatterElements", [x, b.tensor("int64", [2, 2], [0, 0, 1, 0]), u], { axis: 1, reduction: "add" }),
  },
  "ScatterND replacing": {
    shapes: [
      [3, 2, 4],
      [2, 4],
    ],
    f: (x, u) => apply("ScatterND", [x, b.tensor("int64", [2, 2], [0, 1, 2, 0]), u]),
  },
  "ScatterND adding": {
    shapes: [
      [4, 2],
      [3, 2],
    ],
    f: (x, u) => apply("ScatterND", [x, b.tensor("int64", [3, 1], [1, 3, 1]), u], { reduction: "add" }),
  },
  CumSum: { shapes: [[3, 4]], f: (x) => apply("CumSum", [x, b.scalar(1, "int64")]) },
  "CumSum exclusive, backwards": {
    shapes: [[3, 4]],
    f: (x) => apply("CumSum", [x, b.scalar(-2, "int64")], { exclusive: 1, reverse: 1 }),
  },
  ReduceMin: { shapes: [[3, 5]], f: (x) => apply("ReduceMin", [x, b.int64([1])]) },
  ReduceProd: { shapes: [[3, 4, 2]], f: (x) => apply("ReduceProd", [x, b.int64([0, 2])]) },
  "ReduceProd with zeros": {
    shapes: [[3, 4]],
    f: (x) =>
      apply("ReduceProd", [b.mul(x, b.tensor("float32", [3, 4], [1, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1])), b.int64([1])]),
  },
  ReduceL1: { shapes: [[3, 4]], f: (x) => apply("ReduceL1", [x, b.int64([0])], { keepdims: 0 }) },
  ReduceL2: { shapes: [[3, 4]], f: (x) => apply("ReduceL2", [x, b.int64([1])], { keepdims: 0 }) },
  ReduceSumSquare: { shapes: [[3, 4]], f: (x) => apply("ReduceSumSquare", [x]) },
  ReduceLogSum: { shapes: [[3, 4]], f: (x) => apply("ReduceLogSum", [x, b.int64([1])]), low: 0.5, high: 2 },
  ReduceLogSumExp: { shapes: [[3, 4]], f: (x) => apply("ReduceLogSumExp", [x, b.int64([0])], { keepdims: 0 }) },
  LayerNormalization: {
    shapes: [
      [2, 3, 4],
      [3, 4],
      [3, 4],
    ],
    f: (x, scale, bias) => apply("LayerNormalization", [x, scale, bias], { axis: 1, epsilon: 0.02 }),
  },
  "LayerNormalization without bias": {
    shapes: [[2, 3, 4], [4]],
    f: (x, scale) => apply("LayerNormalization", [x, scale]),
  },
  RMSNormalization: {
    shapes: [[2, 3, 4], [4]],
    f: (x, scale) => apply("RMSNormalization", [x, scale], { epsilon: 0.02 }),
    opset: 23,
  },
  GroupNormalization: {
    shapes: [[2, 6, 2, 3], [6], [6]],
    f: (x, scale, bias) => apply("GroupNormalization", [x, scale, bias], { num_groups: 2, epsilon: 0.02 }),
    opset: 21,
  },
  InstanceNormalization: {
    shapes: [[2, 3, 5], [3], [3]],
    f: (x, scale, bias) => apply("InstanceNormalization", [x, scale, bias], { epsilon: 0.02 }),
  },
  "Conv in one dimension": {
    shapes: [[2, 4, 9], [6, 2, 3], [6]],
    f: (x, w, c) => b.conv(x, w, { group: 2, pads: [1, 1] }, c),
  },
  "Conv in one dimension, strided": {
    shapes: [
      [1, 3, 10],
      [2, 3, 4],
    ],
    f: (x, w) => b.conv(x, w, { strides: [3], pads: [1, 2] }),
  },
  "Conv in three dimensions": {
    shapes: [
      [1, 2, 4, 5, 4],
      [3, 2, 2, 3, 2],
    ],
    f: (x, w) => b.conv(x, w, { dilations: [1, 1, 2], pads: [1, 0, 0, 0, 1, 1] }),
  },
  "Conv in three dimensions, strided": {
    shapes: [
      [1, 2, 5, 6, 4],
      [2, 2, 2, 3, 2],
    ],
    f: (x, w) => b.conv(x, w, { strides: [2, 3, 1] }),
  },
  "ConvTranspose in one dimension": {
    shapes: [[2, 3, 5], [3, 2, 4], [2]],
    f: (y, w, c) => apply("ConvTranspose", [y, w, c], { strides: [2], pads: [1, 1] }),
  },
  "Resize nearest, twice": {
    shapes: [[2, 2, 4, 5]],
    f: (x) =>
      apply("Resize", [x, undefined, b.tensor("float32", [4], [1, 1, 2, 2])], {
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      }),
  },
  "Resize nearest, by 1.6": {
    shapes: [[2, 2, 4, 5]],
    f: (x) => apply("Resize", [x, undefined, b.tensor("float32", [4], [1, 1, 1.6, 0.7])], {}),
  },
  "Resize linear, twice": {
    shapes: [[2, 2, 4, 5]],
    f: (x) =>
      apply("Resize", [x, undefined, b.tensor("float32", [4], [1, 1, 2, 2])], {
        mode: "linear",
        coordinate_transformation_mode: "pytorch_half_pixel",
      }),
  },
  "Resize linear, corners aligned": {
    shapes: [[2, 2, 4, 5]],
    f: (x) =>
      apply("Resize", [x, undefined, b.tensor("float32", [4], [1, 1, 1.5, 0.8])], {
        mode: "linear",
        coordinate_transformation_mode: "align_corners",
      }),
  },
  "Resize by 1.1, where the extent stays": {
    shapes: [[1, 2, 8, 8]],
    f: (x) => apply("Resize", [x, undefined, b.tensor("float32", [4], [1, 1, 1.1, 1.1])], { mode: "linear" }),
  },
  "Resize by 1.1, where one extent stays": {
    shapes: [[1, 2, 8, 12]],
    f: (x) => apply("Resize", [x, undefined, b.tensor("float32", [4], [1, 1, 1.1, 1.1])], { nearest_mode: "ceil" }),
  },
  "Resize nearest, by 0.6": {
    shapes: [[1, 1, 5, 17]],
    f: (x) => apply("Resize", [x, undefined, b.tensor("float32", [4], [1, 1, 0.6, 0.6])], { nearest_mode: "floor" }),
  },
  "Resize cubic": {
    shapes: [[1, 2, 4, 5]],
    f: (x) => apply("Resize", [x, undefined, b.tensor("float32", [4], [1, 1, 1.6, 2])], { mode: "cubic" }),
  },
  "Resize linear in one dimension": {
    shapes: [[2, 3, 5]],
    f: (x) => apply("Resize", [x, undefined, undefined, b.int64([2, 3, 8])], { mode: "linear" }),
  },
};
