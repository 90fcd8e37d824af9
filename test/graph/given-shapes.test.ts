import { expect, it } from "vitest";
import { withShapes } from "#src/graph/given-shapes.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { plainSession } from "../plain-session.js";
import { initializer, type ModelText, modelBytes, valueInfo } from "./onnx-model.js";

/** A convolution and its mean over open height and width: y = mean over space, flattened by the run-time shape. */
const open = (batch: number | string): ModelText => ({
  nodes: [
    { op: "Conv", inputs: ["image", "w"], outputs: ["map"] },
    { op: "Shape", inputs: ["map"], outputs: ["all"] },
    { op: "Gather", inputs: ["all", "first"], outputs: ["n"], attributes: { axis: 0 } },
    { op: "Concat", inputs: ["n", "rest"], outputs: ["flat"], attributes: { axis: 0 } },
    { op: "Reshape", inputs: ["map", "flat"], outputs: ["h"] },
    { op: "ReduceMean", inputs: ["h"], outputs: ["y"], attributes: { axes: [1], keepdims: 1 } },
  ],
  inputs: [valueInfo("image", "float32", [batch, 1, "height", "width"])],
  outputs: [valueInfo("y", "float32", [batch, 1])],
  initializers: [
    initializer("w", "float32", [1, 1, 2, 2], [1, 2, 3, 4]),
    initializer("first", "int64", [1], [0]),
    initializer("rest", "int64", [1], [-1]),
  ],
  opset: 17,
});

it.each(["N", 4])(
  "open axes take the given extents, a batch of %s becomes 1, and onnxruntime agrees",
  async (batch) => {
    const bytes = withShapes(modelBytes(open(batch)), new Map([["image", [1, 1, 3, 5]]]), "p.onnx");
    const graph = readModel(bytes, "p.onnx");
    expect(graph.inputs.get("image")!.shape).toEqual([1, 1, 3, 5]);
    const image = Float32Array.from({ length: 15 }, (_, i) => i);
    let sum = 0;
    for (let y = 0; y < 2; y++)
      for (let x = 0; x < 4; x++) {
        const at = (dy: number, dx: number) => image[(y + dy) * 5 + x + dx]!;
        sum += at(0, 0) + 2 * at(0, 1) + 3 * at(1, 0) + 4 * at(1, 1);
      }
    for (const model of [bytes, writeModel(graph)]) {
      const session = await plainSession(model);
      const { y } = await session.run({ image: { dtype: "float32", shape: [1, 1, 3, 5], data: image } });
      expect((y!.data as Float32Array)[0]).toBeCloseTo(sum / 8, 4);
      await session.release();
    }
  },
);

it.each<[string, string, readonly number[], string]>([
  ["another name", "camera", [1, 1, 3, 5], '--shape: "camera" is no input of p.onnx, expected one of image'],
  ["another rank", "image", [1, 3, 5], "--shape image=1x3x5: 3 axes, expected the 4 that it has in p.onnx"],
  [
    "another extent",
    "image",
    [1, 3, 3, 5],
    "--shape image=1x3x3x5: axis 1 is 1 in p.onnx; only open axes and the batch (axis 0) can be set",
  ],
])("%s is refused", (_, name, shape, message) => {
  expect(() => withShapes(modelBytes(open("N")), new Map([[name, shape]]), "p.onnx")).toThrow(message);
});

it("a file that ends early is refused", () => {
  const bytes = modelBytes(open("N"));
  expect(() => withShapes(bytes.subarray(0, bytes.length - 30), new Map([["image", [1, 1, 3, 5]]]), "p.onnx")).toThrow(
    "p.onnx: truncated, or not an ONNX file",
  );
});

it("a model with open axes says what to give", () => {
  expect(() => readModel(modelBytes(open("N")), "p.onnx")).toThrow(
    'p.onnx: input "image" axis 2 is "height"; only the batch (axis 0) may be symbolic; give the others: --shape image=1x1x?x?',
  );
});
