import type { DType } from "../../graph/dtype.js";
import { dataOf, isTaken } from "../../graph/kinds.js";
import { traitsOf } from "../../graph/traits.js";
import type { Node, Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { clipped } from "./clipped.js";
import { halved, is, numberOf, operands, otherOperand } from "./matching.js";
import { logistic } from "./piecewise.js";

/**
 * True where a value is a gate: proved to lie between 0 and 1 for every observation. Sigmoids, softmaxes, and values
 * that stay in this range: 1 − gate, gate · gate, tanh of a softplus, a value clipped to [0, 1], masked attention
 * weights.
 */
export function isGate(value: Value): boolean {
  const before = known.get(value.node);
  if (before !== undefined) return before;
  const answer = decide(value.node);
  known.set(value.node, answer);
  return answer;
}

/** Answers by node; nodes are immutable. */
const known = new WeakMap<Node, boolean>();

function decide(node: Node): boolean {
  if (traitsOf(node.op).range === "unit") return true;
  const form = own(FORMS, node.op);
  if (form) return form(node);
  return isTaken(node.op) && dataOf(node).every(isGate);
}

const data = (node: Node) => node.inputs as readonly Value[];

const COUNTS: readonly DType[] = ["bool", "int32", "int64"];

const FORMS: Readonly<Record<string, (node: Node) => boolean>> = {
  Cast: (node) => COUNTS.includes(data(node)[0]!.dtype) || isGate(data(node)[0]!),
  Sub: (node) => is(data(node)[0], 1) && isGate(data(node)[1]!),
  Mul: (node) => data(node).every(isGate) || isHalfCurve(node),
  Tanh: (node) => data(node)[0]!.node.op === "Softplus" || isGate(data(node)[0]!),
  Clip: isKeptInUnit,
  Max: isKeptInUnit,
  Min: isKeptInUnit,
  Div: (node) => (isRelu6(data(node)[0]!) && is(data(node)[1], 6)) || logistic(node) !== undefined || isHalfCurve(node),
  Reciprocal: (node) => logistic(node) !== undefined,
  Where: (node) =>
    data(node)
      .slice(1)
      .every((value) => isUnit(value) || isGate(value)),
};

/** A value clipped to [0, 1]. */
function isKeptInUnit({ outputs }: Node): boolean {
  const { low, high } = clipped(outputs[0]) ?? {};
  return numberOf(low) === 0 && is(high, 1);
}

/** A constant of zeros, or of ones. */
const isUnit = (value: Value) => numberOf(value) === 0 || numberOf(value) === 1;

/** ½·(1 ± erf(x)) and ½·(1 ± tanh(x)). */
function isHalfCurve(node: Node): boolean {
  const whole = halved(node.outputs[0]);
  const [one, less] = operands(whole, "Sub") ?? [];
  const curved = otherOperand(operands(whole, "Add"), 1) ?? (is(one, 1) ? less : undefined);
  return operands(curved, "Erf") !== undefined || operands(curved, "Tanh") !== undefined;
}

const isRelu6 = (value: Value) => {
  const { low, high } = clipped(value) ?? {};
  return numberOf(low) === 0 && is(high, 6);
};
