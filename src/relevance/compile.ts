import { type Contribution, type Propagate, reverseWalk } from "../backward/walk.js";
import { InputError } from "../errors.js";
import { abs, input } from "../graph/build.js";
import { writeModel } from "../graph/onnx-write.js";
import { ShapeError, sizeOf } from "../graph/shape.js";
import type { Graph, Node, Value } from "../graph/value.js";
import { Analysis } from "./analysis.js";
import { accumulate, collapse, type Relevance } from "./carrier.js";
import { Context } from "./context.js";
import { linearLayer } from "./linear-layer.js";
import type { Method } from "./methods.js";
import { methodNamed } from "./methods.js";
import { operatorRule } from "./operator-rules.js";
import { Prefix } from "./prefix.js";
import { type Depth, Readout } from "./readout.js";
import { seedOf } from "./seed.js";
import type { Subject } from "./subject.js";

/** Version of the compiled model's contract. */
export const CONTRACT_VERSION = "1";

export interface CompileOptions {
  readonly method?: string;
  readonly depth?: Depth;
}

/** Which rule took relevance through a node. */
export interface NodeRule {
  /** The node as messages call it. */
  readonly node: string;
  readonly op: string;
  /** Name of the method's row for a linear layer, `mass` for a soft-argmax, `operator` for an operator's own rule. */
  readonly rule: string;
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
 * the policy's own, unchanged, and those of `Readout`.
 * @throws InputError for an operator that the method cannot explain, or names that are already taken
 */
export function compile(subject: Subject, options: CompileOptions = {}): CompiledModel {
  const method = methodNamed(options.method ?? "dtd");
  const depth = options.depth ?? "full";
  const { graph } = subject;
  for (const name of [...graph.inputs.keys(), ...graph.outputs.keys()])
    if (name.startsWith("torquelens.")) throw new InputError(`tensor "${name}": this model is compiled already`);

  const torque = graph.outputs.get(subject.torque);
  if (!torque) throw new InputError(`torque output "${subject.torque}" is not an output of the model`);
  if (torque.dtype !== "float32")
    throw new InputError(`torque output "${subject.torque}" is ${torque.dtype}; policies are explained in float32`);
  const analysis = new Analysis({ ...graph, outputs: new Map([[subject.torque, torque]]) });
  const context = new Context(subject, analysis, new Prefix(subject, analysis), depth);
  const importance = input("torquelens.importance", "float32", [sizeOf(torque.shape)]);
  const seed = seedOf(torque);
  const readout = new Readout(subject, importance, seed.value, depth);
  const targets = new Set(subject.modalities.map((modality) => graph.inputs.get(modality.input)!));

  const rules: NodeRule[] = [];
  // What is still told apart by torque, before it is collapsed.
  const joins = (node: Node, relevances: readonly (Relevance | undefined)[]) => {
    const image = context.onlyImage(node);
    const rows = relevances.flatMap((relevance) => (relevance?.perTorque ? [relevance.amount] : []));
    if (image && rows.length > 0) readout.joins(image.name, rows);
  };
  const propagate: Propagate<Relevance> = (node: Node, arriving: readonly (Relevance | undefined)[]) => {
    const present = arriving.find((relevance) => relevance !== undefined)!;
    let perTorque = arriving.every((relevance) => relevance === undefined || relevance.perTorque);
    if (!perTorque) joins(node, arriving);
    let amounts = arriving.map(
      (relevance) => relevance && (perTorque ? relevance : collapse(relevance, importance)).amount,
    );
    const only = context.onlyImage(node);
    if (depth !== "per-torque" && perTorque && only !== undefined && isSpatial(node, analysis)) {
      joins(node, arriving);
      if (depth === "shares") return [];
      amounts = arriving.map((relevance) => relevance && collapse(relevance, importance).amount);
      perTorque = false;
    }
    const layer = analysis.softArgmax(node) ? undefined : linearLayer(node, analysis);
    if (layer) {
      const row = method.rows.find(({ when }) => when(layer, context))!;
      rules.push({ node: node.label, op: node.op, rule: row.name });
      const amount = row.rule(layer, amounts[present ? arriving.indexOf(present) : 0]!, context);
      const image = context.summedImage(layer.input);
      if (image) readout.pixels(image, { amount, perTorque });
      return image ? [] : ([[layer.input, { amount, perTorque }]] satisfies Contribution<Relevance>[]);
    }
    rules.push({ node: node.label, op: node.op, rule: analysis.softArgmax(node) ? "mass" : "operator" });
    return operatorRule(node, amounts, context).map(
      ([to, amount]) => [to, { amount: context.isSettled(node, to) ? abs(amount) : amount, perTorque }] as const,
    );
  };
  const meet = (a: Relevance, b: Relevance, at: Value) => {
    if (a.perTorque !== b.perTorque) joins(at.node, [a, b]);
    return accumulate(importance)(a, b);
  };
  const seeds = new Map([[seed.value, seed.relevance]]);
  const arrived = reverseWalk(seeds, targets, namingNodes(propagate), meet);
  readout.arrives(arrived, context.emptyPools);

  const compiled: Graph = {
    name: graph.name,
    inputs: new Map([...graph.inputs, [importance.name!, importance]]),
    outputs: new Map([...graph.outputs, ...readout.outputs()]),
    metadata: new Map([...graph.metadata, ...metadataOf(subject, method, depth)]),
    opset: graph.opset,
  };
  return { graph: compiled, method, depth, rules: rules.reverse(), bytes: writeModel(compiled) };
}

/** The same, naming the node where its types or its form are none that rules are made for. */
const namingNodes =
  (propagate: Propagate<Relevance>): Propagate<Relevance> =>
  (node, arriving, leadsToTarget) => {
    try {
      return propagate(node, arriving, leadsToTarget);
    } catch (error) {
      if (!(error instanceof ShapeError || error instanceof RangeError)) throw error;
      const named = error.message.startsWith("node ") ? "" : `node "${node.label}" (${node.op}): `;
      throw new InputError(named + error.message);
    }
  };

/** Pictures and what makes points of them: where following each torque alone is dear. */
function isSpatial(node: Node, analysis: Analysis): boolean {
  return analysis.softArgmax(node) !== undefined || node.inputs.some((value) => (value?.shape.length ?? 0) >= 4);
}

function metadataOf(subject: Subject, method: Method, depth: Depth): [string, string][] {
  const reference = subject.modalities.map((m) => [m.name, m.kind === "image" ? "range" : m.reference.kind]);
  return [
    ["torquelens.version", CONTRACT_VERSION],
    ["torquelens.method", method.name],
    ["torquelens.depth", depth],
    ["torquelens.modalities", JSON.stringify(subject.modalities.map(({ name }) => name))],
    [
      "torquelens.convention",
      JSON.stringify({ reference: Object.fromEntries(reference), featurePoints: subject.featurePoints }),
    ],
    ["torquelens.policy_sha256", subject.sha256],
  ];
}
