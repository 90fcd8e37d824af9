import { describe, expect, it } from "vitest";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { randoms } from "../evaluate.js";
import { type AttributeValue, feed, initializer, modelBytes, runModel, valueInfo } from "./onnx-model.js";

/** Forms of operator sets 9 to 17: the operator, its attributes, constants behind the input, and the input's shape. */
const OLD: Readonly<
  Record<
    string,
    {
      readonly op: string;
      readonly opset: number;
      readonly shape: readonly number[];
      readonly attributes?: Readonly<Record<string, AttributeValue>>;
      readonly constants?: readonly (readonly [dtype: "float32" | "int64", values: readonly number[]])[];
      readonly outputs?: number;
    }
  >
> = {
  "Upsample, nearest": { op: "Upsample", opset: 9, shape: [1, 2, 3, 4], constants: [["float32", [1, 1, 2, 3]]] },
  "Upsample, linear": {
    op: "Upsample",
    opset: 9,
    shape: [1, 2, 3, 4],
    attributes: { mode: "linear" },
    constants: [["float32", [1, 1, 2, 2]]],
  },
  "Resize of operator set 10": {
    op: "Resize",
    opset: 10,
    shape: [1, 2, 3, 4],
    constants: [["float32", [1, 1, 2, 1.5]]],
  },
  "Clip with attributes": {
    op: "Clip",
    opset: 9,
    shape: [2, 5],
    attributes: { min: { float: -0.3 }, max: { float: 0.4 } },
  },
  "Clip at one end": { op: "Clip", opset: 10, shape: [2, 5], attributes: { max: { float: 0.4 } } },
  "Pad with attributes": {
    op: "Pad",
    opset: 10,
    shape: [2, 3],
    attributes: { pads: [0, 1, 1, 2], value: { float: 7 } },
  },
  "Slice with attributes": {
    op: "Slice",
    opset: 9,
    shape: [4, 5],
    attributes: { starts: [1, -3], ends: [9, -1], axes: [0, 1] },
  },
  "TopK with an attribute": { op: "TopK", opset: 9, shape: [2, 5], attributes: { k: 3 }, outputs: 2 },
  "Dropout with a probability": { op: "Dropout", opset: 11, shape: [2, 5], attributes: { ratio: { float: 0.5 } } },
  "Softmax over the last axes": { op: "Softmax", opset: 11, shape: [2, 5, 1] },
  "LogSoftmax over the last axis": { op: "LogSoftmax", opset: 9, shape: [2, 3, 4], attributes: { axis: -1 } },
  "MaxPool whose last window would begin behind the input": {
    op: "MaxPool",
    opset: 18,
    shape: [1, 2, 9, 9],
    attributes: { kernel_shape: [2, 2], strides: [2, 2], pads: [1, 0, 1, 1], ceil_mode: 1 },
  },
  "Squeeze with attributes": { op: "Squeeze", opset: 11, shape: [2, 1, 3], attributes: { axes: [1] } },
  "Split with attributes": {
    op: "Split",
    opset: 11,
    shape: [2, 5],
    attributes: { axis: 1, split: [2, 3] },
    outputs: 2,
  },
  "ReduceMin with attributes": { op: "ReduceMin", opset: 13, shape: [2, 5], attributes: { axes: [1] } },
  "ReduceProd with attributes": { op: "ReduceProd", opset: 11, shape: [2, 5], attributes: { axes: [0], keepdims: 0 } },
  "ReduceL2 with attributes": { op: "ReduceL2", opset: 17, shape: [2, 5], attributes: { axes: [-1] } },
  "ReduceLogSumExp with attributes": { op: "ReduceLogSumExp", opset: 13, shape: [2, 5], attributes: { axes: [1] } },
};

describe("old forms compute what they did", () => {
  it.each(Object.entries(OLD))("%s", async (_, { op, opset, shape, attributes, constants = [], outputs = 1 }) => {
    const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
    const original = modelBytes({
      opset,
      ir: 6,
      nodes: [{ op, inputs: ["x", ...constants.map((_, i) => `c${i}`)], outputs: names, attributes: attributes ?? {} }],
      inputs: [valueInfo("x", "float32", shape)],
      outputs: names.map((name) => valueInfo(name)),
      initializers: constants.map(([dtype, values], i) => initializer(`c${i}`, dtype, [values.length], values)),
    });
    const count = shape.reduce((product, d) => product * d, 1);
    const feeds = { x: feed("float32", shape, randoms(count, 3)) };
    const [before, after] = [
      await runModel(original, feeds),
      await runModel(writeModel(readModel(original, "p")), feeds),
    ];
    for (const name of names) {
      expect(after[name]!.dims).toEqual(before[name]!.dims);
      expect(after[name]!.data).toEqual(before[name]!.data);
    }
  });
});
