import { constant, div, mul, neg, sub } from "../graph/build.js";
import type { Value } from "../graph/value.js";
import type { Context } from "./context.js";
import type { OperatorTable } from "./method.js";
import { rulesWith } from "./operator-rules.js";
import { bilinearRule } from "./operators/bilinear.js";
import { productRule, quotientRule } from "./operators/product.js";
import { dynamicOperand, type OperatorRule, pass, unbroadcast } from "./operators/rule.js";
import { epsilonRule, stabilised } from "./signed-rules.js";

/** A value relative to its reference. */
function seen(value: Value, context: Context): Value {
  const reference = context.prefix.reference(value);
  return reference ? sub(value, constant(reference)) : value;
}

/** A sum of activations: each takes x_k / (Σ + ε sign Σ), Zennit's Norm. A constant operand is a bias and takes nothing. */
const sumRule =
  (epsilon: number, negateSecond: boolean): OperatorRule =>
  (node, amount, context) => {
    const single = dynamicOperand(node, context);
    if (single) return { rule: "pass", to: [unbroadcast(single.value, amount)] };
    const [a, b] = node.inputs as readonly [Value, Value];
    const s = div(amount, stabilised(seen(node.outputs[0]!, context), epsilon));
    const share = (value: Value, sign: (x: Value) => Value) => unbroadcast(value, mul(s, sign(seen(value, context))));
    return { rule: "sum", to: [share(a, (x) => x), share(b, negateSecond ? neg : (x) => x)] };
  };

/** Factors hand relevance on as it is: its sign says what speaks for the torque. */
const keep = (_node: unknown, amount: Value): Value => amount;

/**
 * The rules of signed relevance (methods.md §2.2, the ε column): those of positive relevance but for sums, and without
 * turning relevance by the sign of factors.
 */
export const signed = (epsilon: number): OperatorTable =>
  rulesWith({
    Neg: pass,
    Add: sumRule(epsilon, false),
    Sub: sumRule(epsilon, true),
    Mul: productRule(keep),
    Div: quotientRule(keep),
    BatchNormalization: pass,
    MatMul: bilinearRule(epsilonRule({ epsilon, bias: "ignore" })),
  });
