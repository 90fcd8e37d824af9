import { abs, neg, reshape } from "../../../graph/build.js";
import { isActivation } from "../../../graph/kinds.js";
import { TRAITS, traitsOf } from "../../../graph/traits.js";
import type { Value } from "../../../graph/value.js";
import { own } from "../../../own.js";
import type { Pattern } from "../../contract/pattern.js";
import type { OperatorTable, Propagated } from "../../contract/rules.js";
import { eq2 } from "../layer/linear-rules.js";
import { bilinearRule } from "./bilinear.js";
import { chosen, extremum, maxPoolRule, reduceExtremum } from "./choice.js";
import { massRule } from "./mass.js";
import { moved } from "./move.js";
import { productRule, quotientRule } from "./product.js";
import { type OperatorRule, pass, turned, unbroadcast, unexplained } from "./rule.js";
import { scatterRule } from "./scatter.js";
import { sumRule } from "./sum.js";

/**
 * Functions of one value that relevance passes through unchanged (methods.md §2.2; AttnLRP, Eq. 9). Not 1/x, which
 * falls as x rises: it has a rule of its own.
 */
const PASSED = Object.keys(TRAITS).filter(
  (op) => (isActivation(op) && op !== "Reciprocal") || traitsOf(op).form === "rounded" || traitsOf(op).moves === "stay",
);

/** Relevance of probabilities passes to their logits in the output and in a soft-argmax. */
const softmaxRule: OperatorRule = (node, amount, context) => {
  if (context.analysis.isPointMap(node) || context.analysis.isOutputSide(node)) return pass(node, amount, context);
  throw unexplained(
    node,
    "Softmax is explained only in a spatial soft-argmax, in attention, as a gate or as the output; here relevance arrives at its probabilities",
  );
};

/** −x and 1/x, which fall as x rises. */
const falling: OperatorRule = (node, amount, { analysis }) => ({
  rule: "pass",
  to: [[node.inputs[0]!, analysis.isOutputSide(node) ? neg(amount) : amount]],
});

/** x^p passes for a constant p. */
const powerRule: OperatorRule = (node, amount, context) => {
  if (context.analysis.isDependent(node.inputs[1]!))
    throw unexplained(node, "explained only where the exponent is constant");
  return { rule: "pass", to: [unbroadcast(node.inputs[0]!, amount)] };
};

const indexRule: OperatorRule = (node) => {
  throw unexplained(node, "an index does not say how much: relevance is not explained through it");
};

/** Rules of operators that are no linear layers; one entry per operator. */
const RULES: Readonly<Record<string, OperatorRule>> = {
  ...Object.fromEntries(PASSED.map((op) => [op, pass])),
  Neg: falling,
  Reciprocal: falling,
  Pow: powerRule,
  Add: sumRule(false),
  Sub: sumRule(true),
  Mul: productRule(turned),
  Div: quotientRule(turned),
  Max: extremum,
  Min: extremum,
  Where: chosen,
  MatMul: bilinearRule(eq2),
  BatchNormalization: (node, amount, context) => {
    const scale = node.inputs[1]!;
    const channel = reshape(scale, [1, scale.shape[0]!, ...node.outputs[0]!.shape.slice(2).map(() => 1)]);
    return { rule: "pass", to: [[node.inputs[0]!, turned(node, amount, channel, context)]] };
  },
  ReduceMax: reduceExtremum,
  ReduceMin: reduceExtremum,
  MaxPool: maxPoolRule,
  ScatterElements: scatterRule,
  ScatterND: scatterRule,
  Softmax: softmaxRule,
};

/** Rules of methods that share sums by their positive part: DTD, RAP (methods.md §2.2). */
export const positive: OperatorTable = (node, arriving, context, givesToZeros) => {
  const { to, constants, ...propagated } = tableOf(RULES)(node, arriving, context, givesToZeros);
  const taken = (r: Value) => (context.analysis.isOutputSide(node) ? context.handedOut(r) : r);
  return {
    ...propagated,
    to: to.map(([value, r]) => [value, context.dropsSign(node, value) ? abs(r) : r]),
    ...(constants && { constants: constants.map(taken) }),
  };
};

/** These rules with some of them replaced, for signed relevance: the torque's sign is in its seed. */
export const rulesWith = (others: Readonly<Record<string, OperatorRule>>): OperatorTable =>
  tableOf({ ...RULES, ...others });

const tableOf =
  (rules: Readonly<Record<string, OperatorRule>>): OperatorTable =>
  (node, arriving, context, givesToZeros) => {
    const amount = arriving.find((value) => value !== undefined)!;
    const { index } = traitsOf(node.op);
    if (index !== undefined && arriving[index] !== undefined) return indexRule(node, amount, context);
    const pattern = context.analysis.pattern(node);
    if (pattern) return PATTERNS[pattern.kind](pattern, amount);
    const rule = own(rules, node.op);
    const propagated = moved(node, arriving, context, givesToZeros) ?? rule?.(node, amount, context);
    if (!propagated) throw unexplained(node, "no relevance rule passes through it");
    return propagated;
  };

/** Rules of patterns that are no linear layers: relevance goes straight to their sources. */
const PATTERNS: Readonly<Record<Pattern["kind"], (pattern: Pattern, amount: Value) => Propagated>> = {
  "soft-argmax": ({ node, source }, amount) => ({ rule: "mass", to: [[source, massRule(node, source, amount)]] }),
  normalisation: ({ source }, amount) => ({ rule: "norm", to: [[source, amount]] }),
  activation: ({ source }, amount) => ({ rule: "pass", to: [[source, amount]] }),
};
