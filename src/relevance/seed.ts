import { mul, reshape, tensor } from "../graph/build.js";
import { sizeOf } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import type { Relevance } from "./carrier.js";

/** What the walk starts from: the explained value and, for each torque, its own value at its own place. */
interface Seed {
  readonly value: Value;
  readonly relevance: Relevance;
}

const SQUASHES = new Set(["Tanh", "Sigmoid"]);
/** What may stand between a squash and the torques: scaling to limits, clipping, relabelling. */
const BEHIND = new Set([
  "Identity",
  "Reshape",
  "Flatten",
  "Squeeze",
  "Unsqueeze",
  "Clip",
  "Mul",
  "Div",
  "Add",
  "Sub",
  "Cast",
]);

/**
 * The seed of every torque: R_j = τ_j, signed; Eq. 1 takes its size and its sign. Torques squashed by tanh or sigmoid
 * are explained before the squash (methods.md §2.2): the squash's slope says nothing of what the torque was based on.
 */
export function seedOf(torque: Value): Seed {
  const value = beforeSquash(torque);
  const torques = sizeOf(value.shape);
  const identity = Float64Array.from({ length: torques * torques }, (_, i) => Number(i % (torques + 1) === 0));
  const diagonal = mul(tensor(value.dtype, [torques, torques], identity), reshape(value, [1, torques]));
  return { value, relevance: { amount: reshape(diagonal, [torques, ...value.shape]), perTorque: true } };
}

function beforeSquash(torque: Value): Value {
  let node: Node = torque.node;
  while (BEHIND.has(node.op)) {
    const dynamic = node.inputs.filter((value) => value && !value.literal);
    if (dynamic.length !== 1) return torque;
    node = dynamic[0]!.node;
  }
  const before = node.inputs[0];
  return SQUASHES.has(node.op) && sizeOf(before!.shape) === sizeOf(torque.shape) ? before! : torque;
}
