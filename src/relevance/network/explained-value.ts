import { sizeOf } from "../../graph/shape.js";
import { isArithmetic, traitsOf } from "../../graph/traits.js";
import type { Node, Value } from "../../graph/value.js";

/** Squashes whose input is explained in place of the torques (methods.md §2.2). */
const SQUASHES = new Set(["Tanh", "Sigmoid"]);
/**
 * True for operators that may follow the squash: scaling to limits, clipping, reshaping. None changes the order of the
 * torques or flips their sign.
 */
const isBehindSquash = (op: string) => {
  const { moves } = traitsOf(op);
  return moves === "stay" || moves === "reshape" || isArithmetic(op) || op === "Clip";
};

/**
 * The value that is explained: the torques, or their values before a final tanh or sigmoid (methods.md §2.2), whose
 * slope says nothing about what the torque was based on.
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
