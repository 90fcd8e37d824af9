import { describe, expect, it } from "vitest";
import { gradients } from "#src/backward/gradients.js";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { randoms } from "../evaluate.js";
import { GRADIENT_CASES } from "./cases.js";
import { differentiable, weighed } from "./directional.js";

/** Everything that a policy of Levine's type is made of, with operands of the shapes given. */
const OPERATORS: Readonly<Record<string, readonly [shapes: number[][], f: (...xs: Value[]) => Value]>> = {
  "convolution, stride 1": [
    [
      [2, 2, 6, 5],
      [3, 2, 3, 3],
    ],
    (x, w) => b.conv(x, w),
  ],
  "convolution, stride 1, padded": [
    [
      [1, 2, 5, 5],
      [3, 2, 3, 3],
    ],
    (x, w) => b.conv(x, w, { pads: [1, 1, 1, 1] }),
  ],
  "convolution, stride 2": [
    [
      [2, 2, 8, 7],
      [3, 2, 3, 3],
    ],
    (x, w) => b.conv(x, w, { strides: [2, 2] }),
  ],
  "convolution 7×7, stride 2": [
    [
      [1, 3, 11, 10],
      [2, 3, 7, 7],
    ],
    (x, w) => b.conv(x, w, { strides: [2, 2] }),
  ],
  "convolution, stride 2, padded": [
    [
      [1, 2, 7, 6],
      [2, 2, 3, 3],
    ],
    (x, w) => b.conv(x, w, { strides: [2, 2], pads: [1, 1, 1, 1] }),
  ],
  "convolution with bias": [[[1, 2, 5, 5], [3, 2, 3, 3], [3]], (x, w, c) => b.conv(x, w, {}, c)],
  relu: [[[3, 7]], b.relu],
  softmax: [[[3, 7]], (x) => b.softmax(b.mul(x, 2), 1)],
  matmul: [
    [
      [3, 4],
      [4, 2],
    ],
    b.matmul,
  ],
  "matmul with a grid": [[[1, 2, 12]], (x) => b.matmul(b.softmax(x), b.tensor("float32", [12, 2], randoms(24, 5)))],
  gemm: [[[2, 3], [4, 3], [4]], (x, w, c) => apply("Gemm", [x, w, c], { transB: 1, alpha: 0.5 })],
  concat: [
    [
      [2, 3],
      [2, 2],
    ],
    (x, y) => b.mul(b.concat([x, y], 1), b.concat([y, x], 1)),
  ],
  bias: [[[3, 4], [4]], b.add],
  "constants added, subtracted, multiplied, divided": [[[3, 4]], (x) => b.div(b.sub(1, b.mul(b.add(x, 0.3), 2)), 1.7)],
  "sum, difference, product and quotient": [
    [
      [3, 4],
      [1, 4],
    ],
    (x, y) => b.div(b.sub(b.mul(x, y), y), b.add(b.square(y), 1)),
  ],
  "reshape, transpose, slice": [[[2, 3, 4]], (x) => b.slice(b.reshape(b.transpose(x, [2, 0, 1]), [4, 6]), 1, 1, 5)],
  "sum and mean": [[[3, 4]], (x) => b.mul(b.sum(x, [1], true), b.sub(x, b.mean(x, [0], true)))],
  tanh: [[[3, 4]], b.tanh],
  "maximum and average of windows": [
    [[1, 2, 6, 6]],
    (x) => {
      const window = { kernel_shape: [2, 2], strides: [2, 2] };
      return b.concat([apply("MaxPool", [x], window), apply("AveragePool", [x], window)], 1);
    },
  ],
};

/** All operators of operator set 18 with a gradient; by the loss their gradients are functions of the point. */
const OTHERS = Object.entries(GRADIENT_CASES).filter(([, { opset }]) => !opset);

const leavesOf = (shapes: readonly number[][]) => shapes.map((shape, i) => b.input(`x${i}`, "float32", shape));

/** The gradients of a gradient's length, as matching an explanation to a target would take them. */
function gradientsOfPenalty(y: Value, leaves: readonly Value[]): Value {
  const first = gradients(weighed(b.tanh(y), 7), leaves);
  return first.map((g) => b.sum(b.square(g))).reduce(b.add);
}

describe("gradients of gradients are slopes of gradients", () => {
  it.each(Object.entries(OPERATORS))("%s", async (_, [shapes, f]) => {
    const leaves = leavesOf(shapes);
    const penalty = gradientsOfPenalty(f(...leaves), leaves);
    let checked = 0;
    for (const seed of [1, 2, 3]) checked += await differentiable(penalty, leaves, seed, gradients);
    expect(checked).toBeGreaterThanOrEqual(leaves.length);
  });

  it.each(OTHERS)("%s", async (_, { shapes, f, low, high }) => {
    const leaves = leavesOf(shapes);
    const penalty = gradientsOfPenalty(f(...leaves), leaves);
    let checked = 0;
    for (const seed of [1, 2, 3])
      checked += await differentiable(penalty, leaves, seed, gradients, [low ?? -1, high ?? 1]);
    expect(checked).toBeGreaterThanOrEqual(leaves.length);
  });

  it("through a whole policy: convolutions of both strides, soft-argmax, configuration, dense layers", async () => {
    const leaves = leavesOf([[1, 3, 12, 12], [4, 3, 5, 5], [3, 4, 3, 3], [1, 3], [9, 5], [5], [5, 2]]);
    const [image, first, second, configuration, hidden, bias, last] = leaves as [
      Value,
      Value,
      Value,
      Value,
      Value,
      Value,
      Value,
    ];
    const maps = b.relu(b.conv(b.relu(b.conv(image, first, { strides: [2, 2] })), second));
    const grid = b.tensor("float32", [sizeOf(maps.shape) / 3, 2], randoms((2 * sizeOf(maps.shape)) / 3, 8));
    const points = b.reshape(b.matmul(b.softmax(b.reshape(maps, [3, sizeOf(maps.shape) / 3])), grid), [1, 6]);
    const features = b.relu(apply("Gemm", [b.concat([points, configuration], 1), hidden, bias]));
    const penalty = gradientsOfPenalty(b.matmul(features, last), leaves);
    expect(await differentiable(penalty, leaves, 3, gradients)).toBeGreaterThan(4);
  });
});

describe("a missing gradient is an error", () => {
  const x = b.input("x", "float32", [1, 2]);
  const culprit =
    (op: string, inputs: (Value | undefined)[], attributes = {}) =>
    () =>
      gradients(b.sum(apply(op, inputs, attributes)), [x]);

  it("a form of an operator, naming the node", () => {
    const index = b.tensor("int64", [1, 2], [1, 0]);
    const scattered = culprit("ScatterElements", [x, index, b.tensor("float32", [1, 2], [1, 2])], {
      axis: 1,
      reduction: "mul",
    });
    expect(scattered).toThrow(/node ".*": ScatterElements has a gradient for reductions none and add, not mul/);
    expect(culprit("Pad", [x, b.int64([0, 2, 0, -1])], { mode: "edge" })).toThrow(/node ".*": Pad of mode edge/);
  });

  it("a single input of an operator that has gradients for others", () => {
    const other = b.tensor("float32", [1, 2], [1, 2]);
    expect(culprit("Clip", [other, b.sum(x)])).toThrow("input 1 of operator Clip");
  });

  it("comparisons, roundings and indices propagate nothing", () => {
    const zero = (y: Value) => expect(Array.from(gradients(b.sum(y), [x])[0]!.literal!.numbers())).toEqual([0, 0]);
    zero(b.cast(b.greater(x, 0), "float32"));
    zero(b.sign(x));
    zero(apply("Floor", [x]));
    zero(b.where(b.greater(x, 0), 1, 2));
    zero(apply("Gather", [b.tensor("float32", [3], [1, 2, 3]), b.cast(x, "int64")]));
  });
});
