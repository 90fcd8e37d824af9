import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as g from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Value } from "#src/graph/value.js";
import { HEIGHT, share, WIDTH } from "./node.js";

/** What a camera of a small policy sees: channels, and the range of its pixels in the card. */
const SEES = {
  rgb8: { channels: 3, range: "[0, 1]" },
  "16UC1": { channels: 1, range: "[0, 65.535]" },
} as const;

const CONFIGURATION = 10;
const MAPS = 4;

/** Deterministic numbers in [−1, 1). */
function weight(shape: readonly number[]) {
  const values = Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => ((i * 7919 + 4421) % 2000) / 1000 - 1);
  return g.tensor("float32", shape, values);
}

/** Eight numbers of an image: convolution, then two weighted means of each map. */
function features(image: Value, channels: number): Value {
  const maps = g.relu(g.conv(g.transpose(image, [0, 3, 1, 2]), weight([MAPS, channels, 7, 7]), { strides: [4, 4] }));
  const [, , height, width] = maps.shape as [number, number, number, number];
  const sums = g.matmul(g.reshape(maps, [MAPS, height * width]), weight([height * width, 2]));
  return g.mul(g.reshape(sums, [1, 2 * MAPS]), 20 / (height * width));
}

/** Writes a policy with cameras of its own, else with the shipped reacher's inputs and arm. @returns its path */
export function writePolicy(directory: string, name: string, cameras: Readonly<Record<string, keyof typeof SEES>>) {
  const images = Object.entries(cameras).map(([modality, encoding]) => {
    const { channels } = SEES[encoding];
    return { modality, channels, input: g.input(modality, "float32", [1, HEIGHT, WIDTH, channels]) };
  });
  const configuration = g.input("configuration", "float32", [1, CONFIGURATION]);
  const seen = images.map(({ input, channels }) => features(input, channels));
  const hidden = g.relu(
    g.matmul(g.concat([...seen, configuration], 1), weight([2 * MAPS * images.length + CONFIGURATION, 8])),
  );
  const model = writeModel({
    name,
    inputs: new Map([
      ...images.map(({ modality, input }) => [modality, input] as const),
      ["configuration", configuration],
    ]),
    outputs: new Map([["torque", g.matmul(hidden, weight([8, 2]))]]),
    metadata: new Map(),
    opset: 18,
  });
  const path = join(directory, `${name}.onnx`);
  writeFileSync(path, model);
  const inputs = Object.entries(cameras).map(
    ([modality, encoding]) =>
      `  ${modality}: { modality: ${modality}, encoding: ${encoding}, layout: NHWC, range: ${SEES[encoding].range} }\n`,
  );
  const card = readFileSync(join(share, "models/reacher.yaml"), "utf8")
    .replace(/^ {2}image:\n( {4}.*\n)+/m, inputs.join(""))
    .replace("file: reacher.xml", `file: ${join(share, "models/reacher.xml")}`)
    .replace(/^training:\n( {2}.*\n?)+/m, "");
  writeFileSync(join(directory, `${name}.yaml`), card);
  return path;
}
