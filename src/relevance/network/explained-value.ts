import { sizeOf } from "../../graph/shape.js";
import type { Node, Value } from "../../graph/value.js";

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
 * What is explained of the torques: themselves, or what they are before a final tanh or sigmoid (methods.md §2.2): the
 * squash's slope says nothing of what the torque was based on.
 */
export function explainedValue(torque: Value): Value {
  let node: Node = torque.node;
  while (BEHIND.has(node.op)) {
    const dynamic = node.inputs.filter((value) => value && !value.literal);
    if (dynamic.length !== 1) return torque;
    node = dynamic[0]!.node;
  }
  const before = node.inputs[0];
  return SQUASHES.has(node.op) && sizeOf(before!.shape) === sizeOf(torque.shape) ? before! : torque;
}
