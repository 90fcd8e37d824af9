import { InputError } from "../errors.js";
import { input } from "../graph/build.js";
import { writeModel } from "../graph/onnx-write.js";
import { sizeOf } from "../graph/shape.js";
import type { Graph } from "../graph/value.js";
import type { NodeRule } from "./attribution.js";
import type { Method } from "./method.js";
import { methodNamed } from "./methods.js";
import { Network, torqueOf } from "./network.js";
import { type Depth, readout } from "./readout.js";
import type { Subject } from "./subject.js";

/** Version of the compiled model's contract. */
export const CONTRACT_VERSION = "1";

export interface CompileOptions {
  /** A method, or its name and options (`lrp-gamma:gamma=0.5`); default `dtd`. */
  readonly method?: string | Method;
  readonly depth?: Depth;
}

/** The policy's graph with the backward relevance pass in it: standard ONNX operators only. */
export interface CompiledModel {
  readonly graph: Graph;
  readonly method: Method;
  readonly depth: Depth;
  /** The nodes that relevance went through, from the inputs to the torques. */
  readonly rules: readonly NodeRule[];
  /** The ONNX file. */
  readonly bytes: Uint8Array;
}

/**
 * Compiles relevance into a policy's graph. Inputs: the policy's own and `torquelens.importance` float32 [J]. Outputs:
 * the policy's own, unchanged, and those of `readout`.
 * @throws InputError for an operator that the method cannot explain, or names that are already taken
 */
export function compile(subject: Subject, options: CompileOptions = {}): CompiledModel {
  const { method: asked = "dtd", depth = "full" } = options;
  const method = typeof asked === "string" ? methodNamed(asked) : asked;
  const { graph } = subject;
  for (const name of [...graph.inputs.keys(), ...graph.outputs.keys()])
    if (name.startsWith("torquelens.")) throw new InputError(`tensor "${name}": this model is compiled already`);

  const importance = input("torquelens.importance", "float32", [sizeOf(torqueOf(subject).shape)]);
  const network = new Network(subject, importance, depth);
  const attribution = method.attribute(network);
  const compiled: Graph = {
    name: graph.name,
    inputs: new Map([...graph.inputs, [importance.name!, importance]]),
    outputs: new Map([...graph.outputs, ...readout(network, attribution)]),
    metadata: new Map([...graph.metadata, ...metadataOf(subject, method, depth)]),
    opset: graph.opset,
  };
  return { graph: compiled, method, depth, rules: attribution.rules, bytes: writeModel(compiled) };
}

function metadataOf(subject: Subject, method: Method, depth: Depth): [string, string][] {
  const reference = subject.modalities.map((m) => [m.name, m.kind === "image" ? "range" : m.reference.kind]);
  return [
    ["torquelens.version", CONTRACT_VERSION],
    ["torquelens.method", method.spec],
    ["torquelens.depth", depth],
    ["torquelens.modalities", JSON.stringify(subject.modalities.map(({ name }) => name))],
    [
      "torquelens.convention",
      JSON.stringify({ reference: Object.fromEntries(reference), featurePoints: subject.featurePoints }),
    ],
    ["torquelens.policy_sha256", subject.sha256],
  ];
}
