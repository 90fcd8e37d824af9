import { constant, input } from "#src/graph/build.js";
import { Literal } from "#src/graph/literal.js";
import { random } from "#src/sim/random.js";
import { initialisePixels, pixelLayout, plainNetwork } from "#src/train/pixels/network.js";

/** A policy of an image with random weights, as `train` builds them. */
export function pixelSubject({ convolutions, hidden }, side, outputs) {
  const spec = { width: side, height: side, channels: 3, convolutions, hidden };
  const layout = pixelLayout(spec, outputs);
  const vector = new Float32Array(layout.size);
  initialisePixels(layout, vector, random(0));
  const parameters = Object.fromEntries(
    [...layout.slots].map(([name, { shape }]) => {
      // The image arrives as bytes; outputs of the usual gain would hardly differ.
      const gain = name === "conv1.weight" ? 1 / 255 : name === "policy.weight" ? 100 : 1;
      return [
        name,
        constant(
          Literal.from(
            "float32",
            shape,
            layout.view(vector, name).map((value) => gain * value),
          ),
        ),
      ];
    }),
  );
  const image = input("image", "uint8", [1, 3, side, side]);
  const { policy } = plainNetwork(spec, parameters, image);
  return {
    graph: {
      name: "policy",
      inputs: new Map([["image", image]]),
      outputs: new Map([["torque", policy]]),
      metadata: new Map(),
      opset: 18,
    },
    sha256: "0".repeat(64),
    torque: "torque",
    modalities: [{ kind: "image", name: "image", input: "image", layout: "NCHW", range: [0, 255] }],
    featurePoints: "policy",
  };
}
