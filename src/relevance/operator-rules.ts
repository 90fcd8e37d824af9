import { maxPoolAdjoint } from "../backward/pooling.js";
import { inferenceOf } from "../backward/rule.js";
import { expandReduced, structuralAdjoint, sumToShape } from "../backward/structural.js";
import { InputError } from "../errors.js";
import {
  abs,
  add,
  cast,
  div,
  equal,
  greater,
  less,
  mul,
  neg,
  relu,
  reshape,
  sign,
  sum,
  where,
} from "../graph/build.js";
import { reducedAxes } from "../graph/operators/reduction.js";
import type { Node, Value } from "../graph/value.js";
import type { Context } from "./context.js";
import type { OperatorTable } from "./method.js";
import { massRule } from "./soft-argmax.js";

/** Relevance of a node's first output → relevance of inputs, a row axis in front of all (methods.md §2.2). */
export type OperatorRule = (
  node: Node,
  amount: Value,
  context: Context,
) => readonly (readonly [to: Value, amount: Value])[];

/** Relevance passes unchanged. */
export const pass: OperatorRule = (node, amount) => [[node.inputs[0]!, amount]];

/** The operand of a binary node that depends on the observation, where only one does. */
export function dynamicOperand(
  node: Node,
  context: Context,
): { index: 0 | 1; value: Value; constant: Value } | undefined {
  const [a, b] = node.inputs as readonly [Value, Value];
  const [da, db] = [context.analysis.isDependent(a), context.analysis.isDependent(b)];
  if (da && db) return undefined;
  return da ? { index: 0, value: a, constant: b } : { index: 1, value: b, constant: a };
}

/** What a factor does to relevance beside handing it on. */
type Turn = (node: Node, amount: Value, factor: Value, context: Context) => Value;

/** On the output side relevance carries the torque's sign, which a negative factor turns; elsewhere it passes. */
const turned: Turn = (node, amount, factor, context) =>
  context.analysis.isOutputSide(node) ? mul(amount, sign(factor)) : amount;

/** What an operand of a sum weighs at least where none is positive: all of them zero share equally. */
const SILENT = 1e-30;

/**
 * A sum of activations: each operand takes its positive part in proportion, all by magnitude where none is positive
 * (z⁺ on a sum). A constant operand is a bias and takes nothing.
 */
const sumRule =
  (negateSecond: boolean): OperatorRule =>
  (node, amount, context) => {
    const single = dynamicOperand(node, context);
    if (single) {
      const flips = negateSecond && single.index === 1 && context.analysis.isOutputSide(node);
      return [[single.value, sumToShape(flips ? neg(amount) : amount, single.value.shape, 1)]];
    }
    const [a, b] = node.inputs as readonly [Value, Value];
    const isOutput = context.analysis.isOutputSide(node);
    // On the output side what agrees with the torque's sign is positive (Eq. 1 on a sum).
    const oriented = (x: Value) => (isOutput ? where(less(amount, 0), neg(x), x) : x);
    const [first, second] = [oriented(a), oriented(negateSecond ? neg(b) : b)];
    const none = equal(add(relu(first), relu(second)), 0);
    const weigh = (x: Value) => where(none, add(abs(x), SILENT), relu(x));
    const [wa, wb] = [weigh(first), weigh(second)];
    const ratio = div(amount, add(wa, wb));
    const share = (w: Value, to: Value) => sumToShape(mul(ratio, w), to.shape, 1);
    return [
      [a, share(wa, a)],
      [b, share(negateSecond && isOutput ? neg(wb) : wb, b)],
    ];
  };

const GATES = new Set(["Sigmoid", "Softmax"]);

/** A product: constants pass; a gate passes to the signal; two signals share equally (Arras 2019; AttnLRP Prop. 3.2). */
export const productRule =
  (turn: Turn): OperatorRule =>
  (node, amount, context) => {
    const single = dynamicOperand(node, context);
    if (single)
      return [[single.value, sumToShape(turn(node, amount, single.constant, context), single.value.shape, 1)]];
    const [a, b] = node.inputs as readonly [Value, Value];
    const to = (value: Value, other: Value, part: number): readonly [Value, Value] => [
      value,
      sumToShape(turn(node, mul(amount, part), other, context), value.shape, 1),
    ];
    const [gateA, gateB] = [GATES.has(a.node.op), GATES.has(b.node.op)];
    if (gateA !== gateB) return [gateA ? to(b, a, 1) : to(a, b, 1)];
    return [to(a, b, 0.5), to(b, a, 0.5)];
  };

export const quotientRule =
  (turn: Turn): OperatorRule =>
  (node, amount, context) => {
    const single = dynamicOperand(node, context);
    if (single?.index !== 0) throw unexplained(node, "a quotient is explained only where the divisor is constant");
    return [[single.value, sumToShape(turn(node, amount, single.constant, context), single.value.shape, 1)]];
  };

/** Winner takes all, ties divided. */
const reduceMaxRule: OperatorRule = (node, amount) => {
  const x = node.inputs[0]!;
  const axes = reducedAxes(inferenceOf(node));
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const winners = cast(equal(x, reshape(node.outputs[0]!, kept)), amount.dtype);
  const shares = div(winners, sum(winners, axes, true));
  return [[x, mul(expandReduced(node, amount, 1), shares)]];
};

const extremumRule =
  (wins: typeof greater): OperatorRule =>
  (node, amount) => {
    if (node.inputs.length !== 2) throw unexplained(node, `explained only for two inputs, not ${node.inputs.length}`);
    const [a, b] = node.inputs as readonly [Value, Value];
    const part = where(equal(a, b), 0.5, where(wins(a, b), 1, 0));
    const rest = where(equal(a, b), 0.5, where(wins(a, b), 0, 1));
    return [
      [a, sumToShape(mul(amount, part), a.shape, 1)],
      [b, sumToShape(mul(amount, rest), b.shape, 1)],
    ];
  };

const softmaxRule: OperatorRule = (node, amount, context) => {
  if (context.analysis.isPointMap(node) || context.analysis.isOutputSide(node)) return pass(node, amount, context);
  throw unexplained(node, "Softmax is explained only as part of a spatial soft-argmax or as the output");
};

const maxPoolRule: OperatorRule = (node, amount) => {
  const [rows, batch, ...rest] = amount.shape as [number, number, ...number[]];
  const back = maxPoolAdjoint(node, reshape(amount, [rows * batch, ...rest]));
  return [[node.inputs[0]!, reshape(back, [rows, batch, ...back.shape.slice(1)])]];
};

/** Rules of operators that are not linear layers; one entry an operator. */
const RULES: Readonly<Record<string, OperatorRule>> = {
  Relu: pass,
  LeakyRelu: pass,
  Tanh: pass,
  Sigmoid: pass,
  Clip: pass,
  Cast: pass,
  Neg: (node, amount, context) => [[node.inputs[0]!, context.analysis.isOutputSide(node) ? neg(amount) : amount]],
  Add: sumRule(false),
  Sub: sumRule(true),
  Mul: productRule(turned),
  Div: quotientRule(turned),
  Max: extremumRule(greater),
  Min: extremumRule((a, b) => greater(b, a)),
  BatchNormalization: (node, amount, context) => {
    const scale = node.inputs[1]!;
    const channel = reshape(scale, [1, scale.shape[0]!, ...node.outputs[0]!.shape.slice(2).map(() => 1)]);
    return [[node.inputs[0]!, turned(node, amount, channel, context)]];
  },
  ReduceMax: reduceMaxRule,
  MaxPool: maxPoolRule,
  Softmax: softmaxRule,
};

/** The rules of relevance that is never negative, or takes sums by their positive part: DTD, RAP (methods.md §2.2). */
export const positive: OperatorTable = (node, arriving, context) => {
  const { to, ...handing } = tableOf(RULES)(node, arriving, context);
  return { ...handing, to: to.map(([value, r]) => [value, context.isSettled(node, value) ? abs(r) : r]) };
};

/** The same rules, some of them replaced, for relevance whose sign is its own: the torque's sign is in its seed. */
export const rulesWith = (others: Readonly<Record<string, OperatorRule>>): OperatorTable =>
  tableOf({ ...RULES, ...others });

const tableOf =
  (rules: Readonly<Record<string, OperatorRule>>): OperatorTable =>
  (node, arriving, context) => {
    const amount = arriving.find((value) => value !== undefined)!;
    const probability = context.analysis.softArgmax(node);
    if (probability) return { rule: "mass", to: [[probability, massRule(node, probability, amount)]] };
    const moved = structuralAdjoint(node, arriving, 1);
    if (moved) return { rule: "move", to: moved.map((thunk, i) => [node.inputs[i]!, thunk()]) };
    const rule = rules[node.op];
    if (!rule) throw unexplained(node, "no relevance rule passes through it");
    return { rule: "operator", to: rule(node, amount, context) };
  };

function unexplained(node: Node, why: string): InputError {
  return new InputError(`node "${node.label}" (${node.op}): ${why}`);
}
