import { InputError } from "../errors.js";
import { apply } from "../graph/apply.js";
import { add, cast, equal, input, int64, mul, reshape } from "../graph/build.js";
import { writeModel } from "../graph/onnx-write.js";
import { type Graph, topologicalOrder, type Value } from "../graph/value.js";
import { CONSTANTS, type NodeRule } from "./contract/attribution.js";
import type { Depth } from "./contract/depth.js";
import type { Network } from "./contract/facts.js";
import type { Method } from "./contract/method.js";
import { originName, type Subject } from "./contract/subject.js";
import { methodNamed } from "./methods.js";
import { countTorques, ExplainedNetwork } from "./network/network.js";
import { readout } from "./pass/readout.js";
import { sharers } from "./pass/shares.js";
import { inIntegers } from "./precision/integers.js";
import type { Precision } from "./precision/precision.js";
import { attributed } from "./suitable.js";

/** Version of the compiled model's contract. */
const CONTRACT_VERSION = "1";

/** The largest part of an image's relevance that may be left out. */
const MOST_OMITTED = 0.5;

export interface CompileOptions {
  /** A method, or its name and options (`lrp-gamma:gamma=0.5`); default `dtd`. */
  readonly method?: string | Method;
  readonly depth?: Depth;
  /** Default `exact`. */
  readonly precision?: Precision;
  /**
   * The part of an image's relevance that need not be followed to its pixels, at most; 0 computes all of it. By default
   * 0.0005 where leaving out the rest makes a large network faster.
   */
  readonly omit?: number | undefined;
}

/** The policy's graph with the backward relevance pass in it: standard ONNX operators only. */
export interface CompiledModel {
  readonly graph: Graph;
  readonly method: Method;
  readonly depth: Depth;
  /** The precision in use: `exact` where no convolution gains from integers. */
  readonly precision: Precision;
  /** The nodes that relevance went through, from the inputs to the torques. */
  readonly rules: readonly NodeRule[];
  /** What the shares are of, in their order: the modalities, and `constants` where constants take a part. */
  readonly sharers: readonly string[];
  /** Warnings about the method on this network, one line each. */
  readonly warnings: readonly string[];
  /** The ONNX file. */
  readonly bytes: Uint8Array;
}

/**
 * Compiles relevance into a policy's graph. Inputs: the policy's own and `torquelens.importance` float32 [J]; of actions
 * also `torquelens.chosen`, a float32, which is added to the importance of the action with the largest value. Outputs: the
 * policy's own, unchanged, and those of `readout`.
 * @throws InputError for an operator that the method cannot explain, names that are already taken, or a part to omit that is
 *   no part
 */
export function compile(subject: Subject, options: CompileOptions = {}): CompiledModel {
  const { method: asked = "dtd", depth = "full", precision: askedPrecision = "exact" } = options;
  const omit = askedPrecision === "fast" ? 0 : options.omit;
  if (omit !== undefined && !(omit >= 0 && omit <= MOST_OMITTED))
    throw new InputError(`omit ${omit}: expected a part of the relevance, from 0 to ${MOST_OMITTED}`);
  const method = typeof asked === "string" ? methodNamed(asked) : asked;
  const { graph } = subject;
  const own = [subject.torque, subject.distribution ? "torquelens.probabilities" : undefined];
  for (const name of [...graph.inputs.keys(), ...graph.outputs.keys()])
    if (name.startsWith("torquelens.") && !own.includes(name))
      throw new InputError(`tensor "${name}": this model is already compiled`);

  const weights = weightsOf(subject);
  const network = new ExplainedNetwork(subject, weights.importance, depth, { ...(omit !== undefined && { omit }) });
  const attribution = attributed(method, network);
  const names = sharers(subject, attribution);
  if (new Set(names).size < names.length)
    throw new InputError(
      `modality "${CONSTANTS}": this is the name of what constants of the network take; give the modality another one`,
    );
  const relevance = new Map(readout(network, attribution));
  const fast = askedPrecision === "fast" ? fastRelevance(network, relevance, method) : undefined;
  const precision = fast ? "fast" : "exact";
  const compiled: Graph = {
    name: graph.name,
    inputs: new Map([...graph.inputs, ...weights.inputs.map((value) => [value.name!, value] as const)]),
    outputs: new Map([...graph.outputs, ...(fast ?? relevance)]),
    metadata: new Map([...graph.metadata, ...metadataOf(subject, method, depth, precision, names)]),
    opset: graph.opset,
  };
  const { rules, warnings = [] } = attribution;
  return { graph: compiled, method, depth, precision, rules, sharers: names, warnings, bytes: writeModel(compiled) };
}

/** Weights of the torques' relevance, [J], and the inputs that they are computed from. */
function weightsOf(subject: Subject): { readonly importance: Value; readonly inputs: readonly Value[] } {
  const count = countTorques(subject);
  const given = input("torquelens.importance", "float32", [count]);
  if (!subject.distribution) return { importance: given, inputs: [given] };
  const chosen = input("torquelens.chosen", "float32", []);
  const values = reshape(subject.graph.outputs.get(subject.torque)!, [count]);
  const index = apply("ArgMax", [values], { axis: 0, keepdims: 1 });
  const places = int64(Array.from({ length: count }, (_, i) => i));
  return { importance: add(given, mul(cast(equal(places, index), "float32"), chosen)), inputs: [given, chosen] };
}

/** The outputs with large convolutions in integers, or undefined where none gains from it. */
function fastRelevance(
  network: Network,
  relevance: ReadonlyMap<string, Value>,
  { contrasts }: Method,
): Map<string, Value> | undefined {
  const own = new Set(topologicalOrder(network.subject.graph.outputs.values()));
  // The weights of a contrast are of either sign.
  const isSigned = contrasts === true || (contrasts === "logits" && network.areActions);
  const isWeight = (value: Value) => value === network.importance && !isSigned;
  return inIntegers(relevance, own, (value) => isWeight(value) || network.context.isNonNegative(value));
}

function metadataOf(
  subject: Subject,
  method: Method,
  depth: Depth,
  precision: Precision,
  names: readonly string[],
): [string, string][] {
  const reference = subject.modalities.map((m) => [m.name, m.kind === "image" ? "range" : m.reference.kind]);
  return [
    ["torquelens.version", CONTRACT_VERSION],
    ["torquelens.method", method.spec],
    ["torquelens.depth", depth],
    ...(precision === "fast" ? [["torquelens.precision", precision] as [string, string]] : []),
    ["torquelens.modalities", JSON.stringify(names)],
    [
      "torquelens.convention",
      JSON.stringify({ reference: Object.fromEntries(reference), featurePoints: originName(subject.featurePoints) }),
    ],
    ["torquelens.policy_sha256", subject.sha256],
  ];
}
