import { inputGradients } from "../../../backward/gradient-table.js";
import { reverseWalk } from "../../../backward/walk.js";
import { add, constant, div, mul, neg, sub } from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { Normalisation } from "../../contract/pattern.js";
import type { OperatorTable, Propagated } from "../../contract/rules.js";
import { epsilonRule, type Stabilised, stabilised } from "../layer/signed-rules.js";
import { bilinearRule } from "./bilinear.js";
import { rulesWith } from "./positive.js";
import { productRule, quotientRule } from "./product.js";
import { dynamicOperand, type OperatorRule, pass, unbroadcast } from "./rule.js";
import { scatterInProportion } from "./scatter.js";

/** A value relative to its reference. */
function seen(value: Value, context: Context): Value {
  const reference = context.reference(value);
  return reference ? sub(value, constant(reference)) : value;
}

/**
 * A sum of activations: each takes x_k / (Σ + ε sign Σ), Zennit's Norm. A constant operand is a bias: it takes its part
 * or none, like the biases of layers; none where it is part of the reference.
 */
const sumRule =
  ({ epsilon, bias }: Stabilised, negateSecond: boolean): OperatorRule =>
  (node, amount, context) => {
    const y = node.outputs[0]!;
    const s = () => div(amount, stabilised(seen(y, context), epsilon));
    const single = dynamicOperand(node, context);
    if (single && (bias === "ignore" || context.reference(y)))
      return { rule: "pass", to: [unbroadcast(single.value, amount)] };
    const [a, b] = node.inputs as readonly [Value, Value];
    const share = (value: Value, sign: (x: Value) => Value) => unbroadcast(value, mul(s(), sign(seen(value, context))));
    const [first, second] = [() => share(a, (x) => x), () => share(b, negateSecond ? neg : (x) => x)];
    if (!single) return { rule: "sum", to: [first(), second()] };
    return { rule: "sum", loses: "the constant takes its part", to: [single.index === 0 ? first() : second()] };
  };

/** Updates added to data share as summands do. */
const scatterRule = ({ epsilon, bias }: Stabilised): OperatorRule =>
  scatterInProportion(seen, (sum, node, context) => {
    const whole = bias === "absorb" ? seen(node.outputs[0]!, context) : sum;
    return stabilised(whole, epsilon);
  });

/** Relevance passes factors unchanged: its sign says what speaks for the torque. */
const keep = (_node: unknown, amount: Value): Value => amount;

/**
 * A normalisation with its σ held fixed is linear: y = C(x)·scale/σ + shift with C(x) = x − mean(x). The ε rule on it,
 * x ⊙ Cᵀ(scale/σ · R/⟨y⟩), keeps relevance in proportion to x, so that a sum before it can share by size
 * (Ali et al., ICML 2022; AttnLRP, Prop. 3.4).
 */
function normalisationRule(norm: Normalisation, amount: Value, { epsilon, bias }: Stabilised): Propagated {
  const { node, source, scale, shift } = norm;
  const y = node.outputs[0]!;
  const s = div(amount, stabilised(shift && bias === "ignore" ? sub(y, shift) : y, epsilon));
  const slope = div(s, norm.deviation());
  const arrived = reverseWalk(
    new Map([[norm.centred(), scale ? mul(slope, scale) : slope]]),
    [source],
    (at, arriving, leadsTo) =>
      inputGradients(at, arriving, 1).flatMap((gradient, i) => {
        const value = at.inputs[i];
        return gradient && value && leadsTo(value) ? [[value, gradient()] as const] : [];
      }),
    add,
  );
  const loses = bias === "absorb" && shift ? { loses: "the shift takes its part" } : {};
  return { rule: "norm", ...loses, to: [[source, mul(arrived.get(source)!, source)]] };
}

/**
 * The rules of signed relevance (methods.md §2.2, the ε column): those of positive relevance except for sums and
 * normalisations, and without flipping relevance by the sign of factors.
 */
export function signed(how: Stabilised): OperatorTable {
  const rest = rulesWith({
    Neg: pass,
    Reciprocal: pass,
    Add: sumRule(how, false),
    Sub: sumRule(how, true),
    Mul: productRule(keep),
    Div: quotientRule(keep),
    BatchNormalization: pass,
    ScatterElements: scatterRule(how),
    ScatterND: scatterRule(how),
    MatMul: bilinearRule(epsilonRule({ epsilon: how.epsilon, bias: "ignore" })),
  });
  return (node, arriving, context, givesToZeros) => {
    const pattern = context.analysis.pattern(node);
    if (pattern?.kind !== "normalisation") return rest(node, arriving, context, givesToZeros);
    return normalisationRule(pattern, arriving.find((amount) => amount !== undefined)!, how);
  };
}
