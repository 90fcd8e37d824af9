import { reducedAxes } from "../../graph/operators/reduction.js";
import { Inference } from "../../graph/operators/spec.js";
import { normalizeAxis, sameShape } from "../../graph/shape.js";
import { traitsOf } from "../../graph/traits.js";
import type { Node, Value } from "../../graph/value.js";
import type { PatternFacts } from "../contract/facts.js";

/** Parts of patterns: operands, constants, equal values. */

/** True for operators that return their first input unchanged, type included. */
const isTransparent = (op: string) => traitsOf(op).moves === "stay" && op !== "Cast";

/** The value before Identity and Dropout. */
export function plain(value: Value): Value {
  let at = value;
  while (isTransparent(at.node.op)) at = at.node.inputs[0]!;
  return at;
}

/** The inputs of the node that makes a value, if it has this operator. */
export function operands(value: Value | undefined, op: string): readonly Value[] | undefined {
  if (!value) return undefined;
  const { node, index } = plain(value);
  return node.op === op && index === 0 ? (node.inputs as readonly Value[]) : undefined;
}

/** The number of a constant whose elements are all equal. */
export function numberOf(value: Value | undefined): number | undefined {
  const literal = value && plain(value).literal;
  if (!literal || literal.size === 0 || literal.size > 4096) return undefined;
  const numbers = literal.numbers();
  return numbers.every((x) => x === numbers[0]) ? numbers[0] : undefined;
}

/** Returns true if a value is this constant, within float32 rounding. */
export function is(value: Value | undefined, number: number): boolean {
  const found = numberOf(value);
  return found !== undefined && Math.abs(found - number) <= 2e-6 * Math.abs(number);
}

/** The other operand of two, where one is this constant. */
export function otherOperand(pair: readonly Value[] | undefined, number: number): Value | undefined {
  if (!pair) return undefined;
  return is(pair[1], number) ? pair[0] : is(pair[0], number) ? pair[1] : undefined;
}

/** x of x/number. */
export function quotientBy(value: Value | undefined, number: number): Value | undefined {
  const pair = operands(value, "Div");
  return pair && is(pair[1], number) ? pair[0] : undefined;
}

/** x of ½·x or x/2. */
export const halved = (value: Value | undefined): Value | undefined =>
  otherOperand(operands(value, "Mul"), 0.5) ?? quotientBy(value, 2);

/** x of −x. */
export const negated = (value: Value | undefined): Value | undefined =>
  operands(value, "Neg")?.[0] ?? otherOperand(operands(value, "Mul"), -1);

/** A node's two operands in both orders. */
export function* bothWays(pair: readonly Value[] | undefined): Iterable<readonly [Value, Value]> {
  if (pair?.length !== 2) return;
  yield [pair[0]!, pair[1]!];
  yield [pair[1]!, pair[0]!];
}

/** The operand that depends on the observation and the one that does not, where there is one of each. */
export function withConstant(
  node: Node,
  network: PatternFacts,
): { value: Value; constant: Value; first: boolean } | undefined {
  const [a, b] = node.inputs as readonly [Value, Value];
  const first = network.isDependent(a);
  if (first === network.isDependent(b)) return undefined;
  return first ? { value: a, constant: b, first } : { value: b, constant: a, first };
}

/** Returns true if two values are equal: one value, or the same computation on equal values. */
export function same(a: Value | undefined, b: Value | undefined, depth = 4): boolean {
  if (!a || !b) return a === b;
  const [x, y] = [plain(a), plain(b)];
  if (x === y) return true;
  if (x.literal && y.literal)
    return numberOf(x) !== undefined && numberOf(x) === numberOf(y) && sameShape(x.shape, y.shape);
  if (depth === 0 || x.node.op !== y.node.op || x.index !== y.index || x.node.inputs.length !== y.node.inputs.length)
    return false;
  if (x.node.inputs.length === 0 || JSON.stringify(x.node.attributes) !== JSON.stringify(y.node.attributes))
    return false;
  return x.node.inputs.every((value, i) => same(value, y.node.inputs[i], depth - 1));
}

/** x of x², as Pow(x, 2) or x·x. */
export function squared(value: Value | undefined): Value | undefined {
  const power = operands(value, "Pow");
  if (power) return is(power[1], 2) ? power[0] : undefined;
  const product = operands(value, "Mul");
  return product && same(product[0], product[1]) ? product[0] : undefined;
}

/** The operand and axes of a mean whose reduced axes keep extent 1. */
export function meanOf(
  value: Value | undefined,
  op = "ReduceMean",
): { of: Value; axes: readonly number[] } | undefined {
  const [of] = operands(value, op) ?? [];
  if (!of) return undefined;
  const { node } = plain(value!);
  const inference = new Inference(node.op, node.inputs, node.attributes);
  const axes = reducedAxes(inference).map((axis) => normalizeAxis(op, axis, of.shape));
  const kept = of.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  return sameShape(node.outputs[0]!.shape, kept) ? { of, axes: axes.sort((a, b) => a - b) } : undefined;
}
