import { isRearranged } from "../../graph/kinds.js";
import { type Shape, sizeOf } from "../../graph/shape.js";
import { type Node, topologicalOrder, type Value } from "../../graph/value.js";
import { own } from "../../own.js";

/** What a learned constant is to its layer. */
type Role = "weight" | "scale" | "bias";

/** A learned constant of a policy's graph. */
export interface Learned {
  readonly constant: Value;
  readonly role: Role;
  /** Inputs that a unit sums over; of a weight. */
  readonly fanIn: number;
  /** The constant's axis of inputs, where each has numbers of its own size: of the weights of dense layers. */
  readonly inputAxis: number | undefined;
}

const NORM: Readonly<Record<number, Role>> = { 1: "scale", 2: "bias" };
const LAYER: Readonly<Record<number, Role>> = { 1: "weight", 2: "bias" };

/** Inputs of operators that hold learned numbers. Of a product either operand can be the constant. */
const ROLES: Readonly<Record<string, Readonly<Record<number, Role>>>> = {
  Conv: LAYER,
  ConvTranspose: LAYER,
  Gemm: LAYER,
  MatMul: { 0: "weight", 1: "weight" },
  Add: { 0: "bias", 1: "bias" },
  BatchNormalization: NORM,
  InstanceNormalization: NORM,
  GroupNormalization: NORM,
  LayerNormalization: NORM,
  RMSNormalization: NORM,
};

const LINEAR: readonly string[] = ["Conv", "ConvTranspose", "Gemm", "MatMul"];

/**
 * The learned constants of a graph: weights and biases of its linear layers, scales and biases of its normalisations. Not
 * so a soft-argmax's grid, or numbers that scale an input. One that several layers share is one.
 */
export function learnedOf(outputs: Iterable<Value>): Learned[] {
  const found = new Map<Value, Learned>();
  const fixed = new Set<Value>();
  for (const node of topologicalOrder(outputs))
    node.inputs.forEach((value, i) => {
      if (value?.literal === undefined || value.dtype !== "float32") return;
      const role = roleOf(node, i);
      if (role === undefined) fixed.add(value);
      else found.set(value, { constant: value, role, ...inputsOf(node, i, value.shape) });
    });
  return [...found.values()].filter(({ constant }) => !fixed.has(constant));
}

function roleOf(node: Node, input: number): Role | undefined {
  const role = own(ROLES, node.op)?.[input];
  if (node.op !== "MatMul" && node.op !== "Add") return role;
  const other = movedFrom(node.inputs[1 - input]!);
  // Expected places under probabilities: the constant is where the cells are.
  if (node.op === "MatMul") return other.op === "Softmax" ? undefined : role;
  return LINEAR.includes(other.op) ? role : undefined;
}

/** The node that computes a value, before it is moved. */
function movedFrom({ node }: Value): Node {
  return isRearranged(node.op) && node.inputs[0] ? movedFrom(node.inputs[0]) : node;
}

function inputsOf(node: Node, input: number, shape: Shape): Pick<Learned, "fanIn" | "inputAxis"> {
  const units = (axis: number) => ({ fanIn: sizeOf(shape) / Math.max(1, shape[axis] ?? 1), inputAxis: undefined });
  if (node.op === "Conv") return units(0);
  if (node.op === "ConvTranspose") return units(1);
  if (shape.length !== 2) return { fanIn: Math.max(1, shape.at(-2) ?? sizeOf(shape)), inputAxis: undefined };
  const axis = node.op === "Gemm" ? Number(node.attributes.transB === 1) : 1 - input;
  return { fanIn: shape[axis]!, inputAxis: axis };
}
