import { abs, mul, reshape, tensor } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Node, Value } from "../../graph/value.js";
import type { Relevance } from "../contract/carrier.js";
import type { SeedKind } from "../contract/method.js";

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

/** The explained values, and the signs of what is commanded. */
type Torques = Readonly<{ explained: Value; signs: Value }>;

const SEEDS: Readonly<Record<SeedKind, (torques: Torques) => Value>> = {
  torque: ({ explained }) => explained,
  size: ({ explained }) => abs(explained),
  sign: ({ signs }) => signs,
};

/** What each torque hands out at its own place of the explained value, [J, …its shape]. */
export function seedOf(of: Torques, kind: SeedKind): Relevance {
  const { explained } = of;
  const torques = sizeOf(explained.shape);
  const identity = Float64Array.from({ length: torques * torques }, (_, i) => Number(i % (torques + 1) === 0));
  const handed = reshape(SEEDS[kind](of), [1, torques]);
  const diagonal = mul(tensor(explained.dtype, [torques, torques], identity), handed);
  return { amount: reshape(diagonal, [torques, ...explained.shape]), perTorque: true };
}

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
