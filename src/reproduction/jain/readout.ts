import { gradients } from "../../backward/gradients.js";
import { InputError } from "../../errors.js";
import { apply } from "../../graph/apply.js";
import {
  abs,
  concat,
  div,
  input,
  mul,
  neg,
  reduceMax,
  reshape,
  slice,
  softmax,
  sqrt,
  square,
  sum,
} from "../../graph/build.js";
import { readModel } from "../../graph/onnx-read.js";
import { writeModel } from "../../graph/onnx-write.js";
import { type Node, topologicalOrder, type Value } from "../../graph/value.js";
import { LISTENING_TENSORS } from "../../train/listening/export.js";
import { JOINT, type JointPart } from "../../train/listening/network.js";
import { MODALITIES, POOLS, type Pool, TARGETS, type Target } from "./paper.js";

/** [n] attributions of a modality → one number (§3). */
const POOLED: Readonly<Record<Pool, (x: Value) => Value>> = {
  l2: (x) => sqrt(sum(square(x))),
  linf: (x) => reduceMax(abs(x)),
  l1: (x) => sum(abs(x)),
  "l1/d": (x) => div(sum(abs(x)), x.shape[0]!),
  "l2/d": (x) => div(sqrt(sum(square(x))), x.shape[0]!),
};

/** Input with 1 for the expert's action, [1, actions]. */
export const EXPERT = "expert";

/**
 * A policy's file with what is attributed where its modalities join: outputs `pooled` [targets, modalities, pools], and of
 * the words' embeddings gradient × value of the most likely action: `words` [L], the largest size, and `signed` [L], the
 * sum.
 * @throws InputError for a file without the joint tensor or embeddings of words
 */
export function readoutModel(bytes: Uint8Array, source: string, parts: readonly JointPart[]): Uint8Array {
  const graph = readModel(bytes, source);
  const nodes = topologicalOrder(graph.outputs.values());
  const joint = nodes.flatMap(({ outputs }) => outputs).find(({ name }) => name === JOINT);
  const instruction = graph.inputs.get(LISTENING_TENSORS.instruction);
  const embedded = nodes.find(({ op, inputs }: Node) => op === "Gather" && inputs[1] === instruction)?.outputs[0];
  const actions = graph.outputs.get(LISTENING_TENSORS.actions);
  if (!joint || !embedded || !actions)
    throw new InputError(`${source}: no policy that listens: it has no tensor "${JOINT}" or no words`);
  const expert = input(EXPERT, "float32", actions.shape);
  const targets = targetsOf(actions, expert);
  const pooled = TARGETS.map((target) => {
    const [slope] = gradients(targets[target], [joint]) as [Value];
    const attribution = mul(slope, joint);
    return MODALITIES.map((modality) => {
      const own = parts.filter((part) => part.modality === modality);
      const elements = own.map(({ from, to }) => reshape(slice(attribution, 1, from, to), [-1]));
      const all = concat(elements, 0);
      return concat(
        POOLS.map((pool) => reshape(POOLED[pool](all), [1])),
        0,
      );
    });
  });
  const [slope] = gradients(targets.likely, [embedded]) as [Value];
  const words = mul(slope, embedded);
  const length = embedded.shape[1]!;
  return writeModel({
    name: "readout",
    inputs: new Map([...graph.inputs, [EXPERT, expert]]),
    outputs: new Map([
      ...graph.outputs,
      ["pooled", reshape(concat(pooled.flat(), 0), [TARGETS.length, MODALITIES.length, POOLS.length])],
      ["words", reshape(reduceMax(abs(words), [2]), [length])],
      ["signed", reshape(sum(words, [2]), [length])],
    ]),
    metadata: new Map(),
    opset: graph.opset,
  });
}

/** Scalars that are explained (Appendix B). */
function targetsOf(logits: Value, expert: Value): Readonly<Record<Target, Value>> {
  const probabilities = softmax(logits);
  return {
    likely: reduceMax(probabilities),
    expert: sum(mul(probabilities, expert)),
    loss: neg(sum(mul(apply("LogSoftmax", [logits], { axis: -1 }), expert))),
    logits: sum(logits),
  };
}
