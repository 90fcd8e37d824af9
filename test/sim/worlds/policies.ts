import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { random } from "#src/sim/random.js";
import type { WorldFacts } from "#src/sim/worlds/world.js";

/** A policy of a world: a convolution and a dense layer with random weights, and its card. */
export function worldPolicy(
  { name, picture, actions, controlPeriod }: WorldFacts,
  { frames = 1, seed = 1, change = {} }: { frames?: number; seed?: number; change?: object } = {},
): { readonly bytes: Uint8Array; readonly card: object } {
  const numbers = random(seed);
  const weight = (shape: readonly number[], scale: number) => {
    const count = shape.reduce((x, y) => x * y);
    return b.tensor(
      "float32",
      shape,
      Array.from({ length: count }, () => scale * numbers.normal()),
    );
  };
  const { width, height } = picture;
  const channels = frames * picture.channels;
  const image = b.input("image", "uint8", [1, channels, height, width]);
  const features = b.relu(
    b.conv(b.cast(image, "float32"), weight([4, channels, 8, 8], 1e-3), { strides: [8, 8] }, weight([4], 0.1)),
  );
  const size = features.shape.reduce((x, y) => x * y);
  const names = actions.names;
  const last = b.matmul(b.reshape(features, [1, size]), weight([size, names.length], 0.1));
  const isDiscrete = actions.kind === "discrete";
  // Numbers of actions within their bounds.
  const bounds = b.tensor("float32", [1, names.length], isDiscrete ? names.map(() => 1) : [...actions.high]);
  const output = isDiscrete ? last : b.mul(b.tanh(last), bounds);
  return {
    bytes: writeModel({
      name: "policy",
      inputs: new Map([["image", image]]),
      outputs: new Map([["output", output]]),
      metadata: new Map(),
      opset: 18,
    }),
    card: {
      torquelens_card: 1,
      name,
      control_period: controlPeriod,
      ...(isDiscrete
        ? { actions: { output: "output", names: [...names], values: "logits" } }
        : {
            outputs: {
              output: { kind: "other", elements: [...names], unit: [...actions.units], limits: [...actions.high] },
            },
          }),
      inputs: {
        image: {
          modality: "image",
          encoding: picture.channels === 1 ? "mono8" : "rgb8",
          layout: "NCHW",
          range: [0, 255],
          ...(frames > 1 && { frames }),
        },
      },
      ...change,
    },
  };
}
