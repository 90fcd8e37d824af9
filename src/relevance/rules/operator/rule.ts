import { sumToShape } from "../../../backward/structural.js";
import { InputError } from "../../../errors.js";
import { mul, reshape, sign, sub, sum } from "../../../graph/build.js";
import type { Node, Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { Propagated } from "../../contract/rules.js";

/** Relevance of a node's first output → relevance of its inputs, with a leading row axis (methods.md §2.2). */
export type OperatorRule = (node: Node, amount: Value, context: Context) => Propagated;

/** Relevance passes unchanged. */
export const pass: OperatorRule = (node, amount) => ({ rule: "pass", to: [[node.inputs[0]!, amount]] });

/** An operand of a binary node, with the other one. */
export interface Operand {
  readonly index: 0 | 1;
  readonly value: Value;
  readonly other: Value;
}

/** The operand of a binary node that depends on the observation, where only one does. */
export function dynamicOperand(node: Node, { analysis }: Context): Operand | undefined {
  const [first, second] = bothOperands(node);
  const [a, b] = [analysis.isDependent(first.value), analysis.isDependent(second.value)];
  if (a && b) return undefined;
  return a ? first : second;
}

export function bothOperands(node: Node): readonly [Operand, Operand] {
  const [a, b] = node.inputs as readonly [Value, Value];
  return [
    { index: 0, value: a, other: b },
    { index: 1, value: b, other: a },
  ];
}

/** Sums an amount of the node's output to the shape of an operand that was broadcast to it. */
export const unbroadcast = (to: Value, amount: Value): readonly [Value, Value] => [to, sumToShape(amount, to.shape, 1)];

/** The change of relevance at a factor, before it passes. */
export type Turn = (node: Node, amount: Value, factor: Value, context: Context) => Value;

/** On the output side relevance has the torque's sign, which a negative factor flips; elsewhere it passes unchanged. */
export const turned: Turn = (node, amount, factor, { analysis }) =>
  analysis.isOutputSide(node) ? mul(amount, sign(factor)) : amount;

/** What of an amount did not go to these, one number a row, [rows, 1]. */
export const rest = (amount: Value, to: Propagated["to"]): Value =>
  [amount, ...to.map(([, part]) => part)].map(inAll).reduce(sub);

/** [rows, …] → [rows, 1]. */
const inAll = (amount: Value) => sum(reshape(amount, [amount.shape[0]!, -1]), [1], true);

export function unexplained(node: Node, why: string): InputError {
  return new InputError(`node "${node.label}" (${node.op}): ${why}`);
}
