import { abs, add, div, equal, less, mul, neg, relu, where } from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";
import { bothOperands, dynamicOperand, type OperatorRule, unbroadcast } from "./rule.js";

/** Least weight of an operand where none is positive, so that operands of zero share equally. */
export const SILENT = 1e-30;

/**
 * A sum of activations: each operand takes its positive part in proportion, all by magnitude where none is positive
 * (z⁺ on a sum). A constant operand is a bias and takes nothing.
 */
export const sumRule =
  (negateSecond: boolean): OperatorRule =>
  (node, amount, context) => {
    const isOutput = context.analysis.isOutputSide(node);
    const single = dynamicOperand(node, context);
    if (single) {
      const flips = negateSecond && single.index === 1 && isOutput;
      return { rule: "pass", to: [unbroadcast(single.value, flips ? neg(amount) : amount)] };
    }
    const [{ value: a }, { value: b }] = bothOperands(node);
    // On the output side, operands that agree with the torque's sign count as positive (Eq. 1 on a sum).
    const oriented = (x: Value) => (isOutput ? where(less(amount, 0), neg(x), x) : x);
    const [wa, wb] = shares([oriented(a), oriented(negateSecond ? neg(b) : b)]);
    const ratio = div(amount, add(wa!, wb!));
    return {
      rule: "sum",
      to: [unbroadcast(a, mul(ratio, wa!)), unbroadcast(b, mul(ratio, negateSecond && isOutput ? neg(wb!) : wb!))],
    };
  };

/** Weight of each summand: its positive part, or its magnitude where none is positive. */
function shares(summands: readonly Value[]): readonly Value[] {
  const none = equal(summands.map(relu).reduce(add), 0);
  return summands.map((x) => where(none, add(abs(x), SILENT), relu(x)));
}
