import { geometryOf } from "../../backward/convolution.js";
import { add, maximum, mul, reduceMax, reshape } from "../../graph/build.js";
import { constantOf } from "../../graph/fold.js";
import { isArithmetic, isTaken } from "../../graph/kinds.js";
import { traitsOf } from "../../graph/traits.js";
import { Node, topologicalOrder, type Value } from "../../graph/value.js";
import { type Sign, signOf } from "../network/sign.js";
import { gainsFromIntegers, integerConv } from "./integer-convolution.js";

/**
 * Lower bound of a denominator, as a part of its largest element. Where inputs are close to zero, z is smaller than its
 * own rounding error, and relevance over z would grow without bound.
 */
const FLOOR = 1 / 1024;

/**
 * Computes the large convolutions of a relevance pass in eight-bit integers where inputs are proved to be ≥ 0 for every
 * observation and weights are ≥ 0, so that nothing cancels. This is z⁺: its denominators and its backward convolutions,
 * except those of one row that carry relevance of a soft-argmax, whose range exceeds a byte's. The policy's own nodes
 * are not changed.
 * @param own the policy's nodes
 * @param isInputNonNegative returns true for graph inputs ≥ 0
 * @returns undefined where no convolution gains
 */
export function inIntegers(
  outputs: ReadonlyMap<string, Value>,
  own: ReadonlySet<Node>,
  isInputNonNegative: (input: Value) => boolean,
): Map<string, Value> | undefined {
  const signs = new Map<Value, Sign>();
  const replaced = new Map<Value, Value>();
  let gained = 0;
  const now = (value: Value | undefined) => value && (replaced.get(value) ?? value);
  for (const node of topologicalOrder(outputs.values())) {
    if (own.has(node)) continue;
    const inputs = node.inputs.map(now);
    const output = node.outputs[0]!;
    const gains =
      node.op === "Conv" &&
      gainsFromIntegers(output, node.inputs[1]!.shape, geometryOf(node)) &&
      signOf(node.inputs[0]!, isInputNonNegative, signs) === 1 &&
      signOf(node.inputs[1]!, isInputNonNegative, signs) === 1;
    const weight = gains ? constantOf(node.inputs[1]!) : undefined;
    if (weight) {
      const isDenominator = isOwn(node.inputs[0]!, own);
      const rows = output.shape[0]!;
      if (isDenominator || rows > 1 || !isProbability(node.inputs[0]!)) {
        const sums = integerConv(inputs[0]!, weight, geometryOf(node));
        const floored = isDenominator ? maximum(sums, mul(reduceMax(sums), FLOOR)) : sums;
        const bias = inputs[2] && reshape(inputs[2], [1, weight.shape[0]!, 1, 1]);
        gained += 1;
        replaced.set(output, bias ? add(floored, bias) : floored);
        continue;
      }
    }
    if (inputs.every((input, i) => input === node.inputs[i])) continue;
    const changed = new Node(node.op, inputs, node.attributes, node.outputs, node.name, node.literal, node.body);
    node.outputs.forEach((value, i) => {
      replaced.set(value, changed.outputs[i]!);
    });
  }
  if (gained === 0) return undefined;
  return new Map(Array.from(outputs, ([name, value]) => [name, now(value)!]));
}

/** True for the policy's own values, and values made of these and constants. */
function isOwn(value: Value, own: ReadonlySet<Node>): boolean {
  if (own.has(value.node)) return true;
  return value.node.op === "Max" && value.node.inputs.every((input) => input?.literal || isOwn(input!, own));
}

/** True for factors and moves: relevance of a probability map stays one when it is scaled or moved. */
const isFactorOrMove = (op: string) => isTaken(op) || (isArithmetic(op) && traitsOf(op).form !== "affine");

/** True where an amount is relevance of a probability map, up to factors. */
function isProbability({ node }: Value): boolean {
  if (node.op === "Softmax") return true;
  return isFactorOrMove(node.op) && node.inputs.some((input) => input !== undefined && isProbability(input));
}
