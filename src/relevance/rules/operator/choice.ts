import { maxPoolAdjoint } from "../../../backward/pooling.js";
import { inferenceOf } from "../../../backward/rule.js";
import { expandReduced } from "../../../backward/structural.js";
import { add, cast, div, equal, mul, reshape, sum, where } from "../../../graph/build.js";
import { reducedAxes } from "../../../graph/operators/reduction.js";
import type { Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { Propagated } from "../../contract/rules.js";
import { type OperatorRule, unbroadcast } from "./rule.js";

/** The largest or smallest element of an axis takes all; ties share it. */
export const reduceExtremum: OperatorRule = (node, amount) => {
  const x = node.inputs[0]!;
  const axes = reducedAxes(inferenceOf(node));
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const winners = cast(equal(x, reshape(node.outputs[0]!, kept)), amount.dtype);
  const shares = div(winners, sum(winners, axes, true));
  return { rule: "winner", to: [[x, mul(expandReduced(node, amount, 1), shares)]] };
};

/** Amounts by operand: those of operands that depend on the observation, and those of constants. */
const parted = (
  amounts: readonly (readonly [Value, Value])[],
  { analysis }: Context,
): Pick<Propagated, "to" | "constants"> => {
  const constants = amounts.flatMap(([value, amount]) => (analysis.isDependent(value) ? [] : [amount]));
  return {
    to: amounts.filter(([value]) => analysis.isDependent(value)).map(([value, amount]) => unbroadcast(value, amount)),
    ...(constants.length > 0 && { constants }),
  };
};

/** The largest or smallest operand takes all; ties share it. */
export const extremum: OperatorRule = (node, amount, context) => {
  const all = node.inputs as readonly Value[];
  const winners = all.map((x) => cast(equal(x, node.outputs[0]!), amount.dtype));
  const share = div(amount, winners.reduce(add));
  const amounts = all.map((x, i) => [x, mul(share, winners[i]!)] as const);
  return { rule: "winner", ...parted(amounts, context) };
};

/** The chosen branch takes all, the condition nothing. */
export const chosen: OperatorRule = (node, amount, context) => {
  const [condition, a, b] = node.inputs as readonly [Value, Value, Value];
  const amounts = [
    [a, where(condition, amount, 0)],
    [b, where(condition, 0, amount)],
  ] as const;
  return { rule: "choice", ...parted(amounts, context) };
};

export const maxPoolRule: OperatorRule = (node, amount) => {
  const [rows, batch, ...rest] = amount.shape as [number, number, ...number[]];
  const back = maxPoolAdjoint(node, reshape(amount, [rows * batch, ...rest]));
  return { rule: "winner", to: [[node.inputs[0]!, reshape(back, [rows, batch, ...back.shape.slice(1)])]] };
};
