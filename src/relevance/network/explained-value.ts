import { sizeOf } from "../../graph/shape.js";
import { isArithmetic, traitsOf } from "../../graph/traits.js";
import type { Node, Value } from "../../graph/value.js";

/** The squashes that torques are explained in front of (methods.md §2.2). */
const SQUASHES = new Set(["Tanh", "Sigmoid"]);
/**
 * True for what may stand between a squash and the torques: scaling to limits, clipping, new shapes. Nothing that puts
 * the torques in another order or turns their sign.
 */
const isBehindSquash = (op: string) => {
  const { moves } = traitsOf(op);
  return moves === "stay" || moves === "reshape" || isArithmetic(op) || op === "Clip";
};

/**
 * What is explained of the torques: themselves, or what they are before a final tanh or sigmoid (methods.md §2.2): the
 * squash's slope says nothing of what the torque was based on.
 */
export function explainedValue(torque: Value): Value {
  let node: Node = torque.node;
  while (isBehindSquash(node.op)) {
    const dynamic = node.inputs.filter((value) => value && !value.literal);
    if (dynamic.length !== 1) return torque;
    node = dynamic[0]!.node;
  }
  const before = node.inputs[0];
  return SQUASHES.has(node.op) && sizeOf(before!.shape) === sizeOf(torque.shape) ? before! : torque;
}
