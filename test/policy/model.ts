import { applyNode } from "#src/graph/apply.js";
import * as g from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Graph } from "#src/graph/value.js";

/** Deterministic numbers in [−scale, scale). */
function noise(size: number, scale: number): number[] {
  let state = 1;
  return Array.from({ length: size }, () => {
    state = (state * 16807) % 2147483647;
    return scale * ((2 * state) / 2147483647 - 1);
  });
}

const weight = (shape: readonly number[], scale: number) =>
  g.tensor(
    "float32",
    shape,
    noise(
      shape.reduce((a, b) => a * b),
      scale,
    ),
  );

/**
 * A policy of Levine's type with the shipped reacher's interface and small random layers: convolution, spatial
 * softmax to feature points, concat with the configuration, one hidden layer, two torques.
 */
function reacherGraph(metadata: Readonly<Record<string, string>> = {}): Graph {
  const image = g.input("image", "uint8", [1, 64, 80, 3]);
  const configuration = g.input("configuration", "float32", [1, 10]);
  const pixels = g.mul(g.cast(g.transpose(image, [0, 3, 1, 2]), "float32"), 1 / 255);
  const maps = g.relu(g.conv(pixels, weight([4, 3, 7, 7], 0.3), { strides: [2, 2] }, weight([4], 0.1)));
  const [, channels, height, width] = maps.shape as [number, number, number, number];
  const attention = g.softmax(g.reshape(maps, [channels, height * width]));
  const grid = Array.from({ length: height * width }, (_, i) => [
    ((i % width) + 0.5) / width - 0.5,
    (Math.floor(i / width) + 0.5) / height - 0.5,
  ]).flat();
  const points = g.matmul(attention, g.tensor("float32", [height * width, 2], grid));
  const features = g.concat([g.reshape(points, [1, 2 * channels]), configuration], 1);
  const hidden = g.relu(g.add(g.matmul(features, weight([18, 8], 1)), weight([8], 0.1)));
  const output = g.add(g.matmul(hidden, weight([8, 2], 1)), weight([2], 0.1));
  return {
    name: "reacher",
    inputs: new Map([
      ["image", image],
      ["configuration", configuration],
    ]),
    outputs: new Map([["torque", output]]),
    metadata: new Map(Object.entries(metadata)),
    opset: 18,
  };
}

/** The same as an ONNX file. */
export const reacherModel = (metadata?: Readonly<Record<string, string>>): Uint8Array =>
  writeModel(reacherGraph(metadata));

/** An ONNX file with an operator that torquelens does not know, `Zork`, between input and output. */
export function unsupportedModel(): Uint8Array {
  const x = g.input("configuration", "float32", [1, 2]);
  const bent = applyNode("Relu", [x], {}, { name: "bend", outputNames: ["bent"] }).outputs[0]!;
  const torque = applyNode("Sigmoid", [bent], {}, { name: "squash" }).outputs[0]!;
  const bytes = writeModel({
    name: "odd",
    inputs: new Map([["configuration", x]]),
    outputs: new Map([["torque", torque]]),
    metadata: new Map(),
    opset: 18,
  });
  const copy = Buffer.from(bytes);
  copy.write("Zork", copy.indexOf("Relu"));
  return Uint8Array.from(copy);
}
