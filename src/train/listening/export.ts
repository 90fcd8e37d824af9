import { constant, input } from "../../graph/build.js";
import { Literal } from "../../graph/literal.js";
import { writeModel } from "../../graph/onnx-write.js";
import type { Value } from "../../graph/value.js";
import type { Layout } from "../network/parameters.js";
import { nextOf } from "../query/export.js";
import { listeningState } from "./layout.js";
import { type ListeningOutputs, listeningNetwork } from "./network.js";
import type { ListeningSpec } from "./spec.js";

/** Names of a policy's tensors; those of the carried state are in `listeningState`. */
export const LISTENING_TENSORS = {
  image: "image",
  instruction: "instruction",
  previous: "previous_action",
  actions: "actions",
  mask: "mask",
} as const;

/** A policy of one step: its inputs, by name, and what it computes. */
interface ListeningStep {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly found: ListeningOutputs;
}

/**
 * One step with constant parameters: `image` uint8 [1, C, H, W], `instruction` int64 [1, L], `previous_action` [1, actions]
 * and the carried state in. The pixels' 1/255 is part of the first convolution's weights.
 */
export function listeningPolicy(spec: ListeningSpec, layout: Layout, vector: Float32Array): ListeningStep {
  const parameters = Object.fromEntries(
    layout.names("whole").map((name) => {
      const numbers = Float64Array.from(layout.view(vector, name), (x) => (name === "conv1.weight" ? x / 255 : x));
      return [name, constant(Literal.from("float32", layout.slots.get(name)!.shape, numbers), name)];
    }),
  );
  const { image, instruction, previous } = LISTENING_TENSORS;
  const state = Object.fromEntries(
    Object.entries(listeningState(spec)).map(([name, shape]) => [name, input(name, "float32", [1, ...shape])]),
  );
  const given = {
    image: input(image, "uint8", [1, spec.channels, spec.height, spec.width]),
    instruction: input(instruction, "int64", [1, spec.tokens]),
    previous: input(previous, "float32", [1, spec.actions]),
  };
  const all = [...Object.values(given), ...Object.values(state)];
  return {
    inputs: new Map(all.map((value) => [value.name!, value])),
    found: listeningNetwork(spec, parameters, { ...given, state }),
  };
}

/** The policy's file. */
export function exportListening(
  spec: ListeningSpec,
  layout: Layout,
  vector: Float32Array,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const { inputs, found } = listeningPolicy(spec, layout, vector);
  return writeModel({
    name: "policy",
    inputs,
    outputs: new Map([
      [LISTENING_TENSORS.actions, found.actions],
      [LISTENING_TENSORS.mask, found.mask],
      ...Object.entries(found.state).map(([name, value]) => [nextOf(name), value] as const),
    ]),
    metadata: new Map(metadata),
    opset: 18,
  });
}
