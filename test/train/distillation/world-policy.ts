import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { serialiseCard } from "#src/policy/card.js";
import { CARD_METADATA } from "#src/policy/policy.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { randoms } from "../../evaluate.js";

/** Writes a small policy of random weights for a world: three convolutions and two linear layers, as the paper's. */
export async function writeWorldPolicy(folder: string, world: string): Promise<string> {
  const { picture, frames, actions, controlPeriod, name } = worldNamed(world).facts;
  const { width, height, channels } = picture;
  let seed = 1;
  const weights = (shape: readonly number[], fanIn: number): Value => {
    const most = Math.sqrt(6 / fanIn);
    return b.tensor("float32", shape, randoms(sizeOf(shape), seed++, -most, most));
  };
  const image = b.input("image", "uint8", [1, frames * channels, height, width]);
  let x = b.mul(b.cast(image, "float32"), 1 / 255);
  for (const [kernel, stride] of [
    [8, 8],
    [3, 1],
    [3, 1],
  ] as const) {
    const shape = [4, x.shape[1]!, kernel, kernel];
    const bias = b.tensor("float32", [4], randoms(4, seed++, -0.1, 0.1));
    x = b.relu(b.conv(x, weights(shape, sizeOf(shape) / 4), { strides: [stride, stride] }, bias));
  }
  const flat = b.reshape(x, [1, sizeOf(x.shape)]);
  const dense = (input: Value, units: number) =>
    apply("Gemm", [input, weights([units, input.shape[1]!], input.shape[1]!), b.full([units], 0.1)], { transB: 1 });
  const values = dense(b.relu(dense(flat, 12)), actions.names.length);
  const isChoice = actions.kind === "discrete";
  const output = isChoice ? "logits" : "action";
  const card = serialiseCard({
    torquelens_card: 1,
    name,
    control_period: controlPeriod,
    ...(isChoice
      ? { actions: { output, names: [...actions.names], values: "logits" } }
      : { outputs: { [output]: { kind: "other", elements: [...actions.names], unit: [...actions.units] } } }),
    inputs: {
      image: {
        modality: "image",
        encoding: channels === 1 ? "mono8" : "rgb8",
        layout: "NCHW",
        range: [0, 255],
        ...(frames > 1 && { frames }),
      },
    },
  });
  const bytes = writeModel({
    name: "policy",
    inputs: new Map([["image", image]]),
    outputs: new Map([[output, values]]),
    metadata: new Map([[CARD_METADATA, card]]),
    opset: 18,
  });
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${world}.onnx`);
  await writeFile(path, bytes);
  return path;
}
