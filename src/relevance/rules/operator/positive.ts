import { abs, neg, reshape } from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";
import type { Pattern } from "../../contract/pattern.js";
import type { OperatorTable, Propagated } from "../../contract/rules.js";
import { eq2 } from "../layer/linear-rules.js";
import { bilinearRule } from "./bilinear.js";
import { chosen, extremum, maxPoolRule, reduceExtremum } from "./choice.js";
import { massRule } from "./mass.js";
import { moved } from "./move.js";
import { productRule, quotientRule } from "./product.js";
import { type OperatorRule, pass, turned, unexplained } from "./rule.js";
import { sumOfMany, sumRule } from "./sum.js";

/** Functions of one value that relevance passes through unchanged (methods.md §2.2; AttnLRP, Eq. 9). */
const PASSED = [
  ...["Relu", "LeakyRelu", "PRelu", "ThresholdedRelu", "Elu", "Celu", "Selu", "Gelu", "HardSwish", "Mish", "Swish"],
  ...["Tanh", "Sigmoid", "HardSigmoid", "Softplus", "Softsign", "Erf", "Clip", "Cast", "Abs", "Exp", "Log", "Sqrt"],
  ...["Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh"],
  ...["Floor", "Ceil", "Round"],
];

/** A softmax's probabilities are what its logits are: as the torque itself, and as where a feature point is. */
const softmaxRule: OperatorRule = (node, amount, context) => {
  if (context.analysis.isPointMap(node) || context.analysis.isOutputSide(node)) return pass(node, amount, context);
  throw unexplained(
    node,
    "Softmax is explained only in a spatial soft-argmax, in attention, as a gate or as the output; here relevance arrives at its probabilities",
  );
};

/** x^p by a constant passes. */
const powerRule: OperatorRule = (node, amount, context) => {
  if (context.analysis.isDependent(node.inputs[1]!))
    throw unexplained(node, "explained only where the exponent is constant");
  return pass(node, amount, context);
};

/** Operators whose second output is where their first was found. */
const INDEX_OUTPUTS = new Set(["TopK", "MaxPool"]);

const indexRule: OperatorRule = (node) => {
  throw unexplained(node, "an index does not say how much: relevance is not explained through it");
};

/** Rules of operators that are no linear layers; one entry an operator. */
const RULES: Readonly<Record<string, OperatorRule>> = {
  ...Object.fromEntries(PASSED.map((op) => [op, pass])),
  Neg: (node, amount, { analysis }) => ({
    rule: "pass",
    to: [[node.inputs[0]!, analysis.isOutputSide(node) ? neg(amount) : amount]],
  }),
  Pow: powerRule,
  Add: sumRule(false),
  Sub: sumRule(true),
  Sum: sumOfMany,
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
  Softmax: softmaxRule,
  ArgMax: indexRule,
  ArgMin: indexRule,
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
    const pattern = context.analysis.pattern(node);
    if (pattern) return PATTERNS[pattern.kind](pattern, amount);
    if (arriving[0] === undefined && INDEX_OUTPUTS.has(node.op)) return indexRule(node, amount, context);
    const rule = rules[node.op];
    const handing = moved(node, arriving, context) ?? rule?.(node, amount, context);
    if (!handing) throw unexplained(node, "no relevance rule passes through it");
    return handing;
  };

/** Patterns that are no linear layers hand to their sources at once. */
const PATTERNS: Readonly<Record<Pattern["kind"], (pattern: Pattern, amount: Value) => Propagated>> = {
  "soft-argmax": ({ node, source }, amount) => ({ rule: "mass", to: [[source, massRule(node, source, amount)]] }),
  normalisation: ({ source }, amount) => ({ rule: "norm", to: [[source, amount]] }),
  activation: ({ source }, amount) => ({ rule: "pass", to: [[source, amount]] }),
};
