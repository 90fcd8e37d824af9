import { maxPoolAdjoint } from "../../../backward/pooling.js";
import { inferenceOf } from "../../../backward/rule.js";
import { expandReduced } from "../../../backward/structural.js";
import { add, cast, div, equal, mul, reshape, sum, where } from "../../../graph/build.js";
import { reducedAxes } from "../../../graph/operators/reduction.js";
import type { Value } from "../../../graph/value.js";
import { type OperatorRule, unbroadcast } from "./rule.js";

const CONSTANT_CHOSEN = "relevance of a chosen constant is lost";

/** The largest or smallest element of an axis takes all; ties share it. */
export const reduceExtremum: OperatorRule = (node, amount) => {
  const x = node.inputs[0]!;
  const axes = reducedAxes(inferenceOf(node));
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const winners = cast(equal(x, reshape(node.outputs[0]!, kept)), amount.dtype);
  const shares = div(winners, sum(winners, axes, true));
  return { rule: "winner", to: [[x, mul(expandReduced(node, amount, 1), shares)]] };
};

/** The largest or smallest operand takes all; ties share it. */
export const extremum: OperatorRule = (node, amount, { analysis }) => {
  const all = node.inputs as readonly Value[];
  const winners = all.map((x) => cast(equal(x, node.outputs[0]!), amount.dtype));
  const share = div(amount, winners.reduce(add));
  const isDynamic = (value: Value) => analysis.isDependent(value);
  const to = all.flatMap((x, i) => (isDynamic(x) ? [unbroadcast(x, mul(share, winners[i]!))] : []));
  return { rule: "winner", to, ...(!all.every(isDynamic) && { loses: CONSTANT_CHOSEN }) };
};

/** The chosen branch takes all, the condition nothing. */
export const chosen: OperatorRule = (node, amount, { analysis }) => {
  const [condition, a, b] = node.inputs as readonly [Value, Value, Value];
  const branches = [
    [a, where(condition, amount, 0)],
    [b, where(condition, 0, amount)],
  ] as const;
  const dynamic = branches.filter(([value]) => analysis.isDependent(value));
  const to = dynamic.map(([value, part]) => unbroadcast(value, part));
  return { rule: "choice", to, ...(to.length < 2 && { loses: CONSTANT_CHOSEN }) };
};

export const maxPoolRule: OperatorRule = (node, amount) => {
  const [rows, batch, ...rest] = amount.shape as [number, number, ...number[]];
  const back = maxPoolAdjoint(node, reshape(amount, [rows * batch, ...rest]));
  return { rule: "winner", to: [[node.inputs[0]!, reshape(back, [rows, batch, ...back.shape.slice(1)])]] };
};
