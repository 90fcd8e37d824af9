import { constant, input, reshape } from "../../graph/build.js";
import { Literal } from "../../graph/literal.js";
import { writeModel } from "../../graph/onnx-write.js";
import type { NetworkSpec } from "../../sim/tasks/lesson.js";
import type { Parameters } from "./linear.js";
import { head, headInputs, imageTensor, look, seenLength } from "./network.js";
import type { Layout } from "./parameters.js";

/** Names of a policy's tensors. */
export const TENSORS = {
  image: "image",
  configuration: "configuration",
  torque: "torque",
  points: "points",
  attention: "attention",
} as const;

export interface Normalisation {
  /** Mean and 1 / standard deviation of the head's inputs. */
  readonly mean: Float32Array;
  readonly scale: Float32Array;
  /** Torque limits, N·m, by which the head's outputs are multiplied. */
  readonly torqueLimit: ArrayLike<number>;
}

/**
 * The policy in physical units: `image` uint8 [1, H, W, 3] and `configuration` float32 [1, n] to `torque` float32
 * [1, J], N·m. The pixels' 1/255, the standardisation of the head's inputs and the torque limits are folded into the
 * weights next to them. A network with attention has its maps as the output `attention` [1, Q, rows, columns]. `points` adds
 * what is seen, [1, `seenLength`], as an output.
 */
export function exportPolicy(
  spec: NetworkSpec,
  layout: Layout,
  vector: Float32Array,
  normalisation: Normalisation,
  { points = false, metadata = new Map<string, string>() } = {},
): Uint8Array {
  const parameters = foldedParameters(spec, layout, vector, normalisation);
  const image = input(TENSORS.image, "uint8", [1, spec.height, spec.width, 3]);
  const configuration = input(TENSORS.configuration, "float32", [1, spec.configuration]);
  const seen = look(spec, parameters, imageTensor(image), configuration);
  const torque = head(parameters, seen.points, configuration);
  return writeModel({
    name: "policy",
    inputs: new Map([image, configuration].map((value) => [value.name!, value])),
    outputs: new Map([
      [TENSORS.torque, torque],
      ...(seen.attention ? [[TENSORS.attention, seen.attention] as const] : []),
      ...(points ? [[TENSORS.points, reshape(seen.points, [1, seenLength(spec)])] as const] : []),
    ]),
    metadata,
    opset: 18,
  });
}

/** Constants that compute the same torques from bytes and SI units as the trained parameters from scaled inputs. */
function foldedParameters(
  spec: NetworkSpec,
  layout: Layout,
  vector: Float32Array,
  { mean, scale, torqueLimit }: Normalisation,
): Parameters {
  const values = new Map([...layout.slots.keys()].map((name) => [name, Float64Array.from(layout.view(vector, name))]));
  const change = (name: string, rule: (value: number, index: number) => number): void => {
    values.set(name, values.get(name)!.map(rule));
  };
  change("conv1.weight", (weight) => weight / 255);
  const [hidden] = spec.hidden;
  const plain = values.get("fc1.weight")!;
  change("fc1.weight", (weight, index) => weight * scale[Math.floor(index / hidden)]!);
  change("fc1.bias", (bias, unit) => {
    let shifted = bias;
    for (let i = 0; i < headInputs(spec); i++) shifted -= mean[i]! * scale[i]! * plain[i * hidden + unit]!;
    return shifted;
  });
  change("fc3.weight", (weight, index) => weight * torqueLimit[index % spec.torques]!);
  change("fc3.bias", (bias, torque) => bias * torqueLimit[torque]!);
  return Object.fromEntries(
    [...values].map(([name, numbers]) => [
      name,
      constant(Literal.from("float32", layout.slots.get(name)!.shape, numbers), name),
    ]),
  );
}
