import { input } from "../../graph/build.js";
import { writeModel } from "../../graph/onnx-write.js";
import type { Layout } from "../network/parameters.js";
import { pixelNetwork } from "../pixels/network.js";
import type { PixelSpec } from "../pixels/spec.js";

/** The network that acts in a training: parameters and `image` [B, C, H, W] in, `policy` and `value` out. */
export function actingModel(spec: PixelSpec, layout: Layout, batch: number): Uint8Array {
  const image = input("image", "uint8", [batch, spec.channels, spec.height, spec.width]);
  const parameters = layout.inputs("whole");
  const used = Object.entries(parameters).filter(([name]) => name !== "policy.deviation");
  const { policy, value } = pixelNetwork(spec, parameters, image);
  return writeModel({
    name: "acting",
    inputs: new Map([...used, ["image", image]]),
    outputs: new Map(Object.entries({ policy, value })),
    metadata: new Map(),
    opset: 18,
  });
}
