import {
  abs,
  add,
  div,
  equal,
  less,
  lessOrEqual,
  logicalAnd,
  logicalNot,
  maximum,
  mul,
  neg,
  relu,
  safeDivide,
  where,
} from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { Propagated } from "../../contract/rules.js";
import { poolsOf } from "./change.js";
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
    if (isOutput && context.subject.isChange && negateSecond) return changed(a, b, amount, context);
    // On the output side, operands that agree with the torque's sign count as positive (Eq. 1 on a sum).
    const oriented = (x: Value) => (isOutput ? where(less(amount, 0), neg(x), x) : x);
    const [wa, wb] = shares([oriented(a), oriented(negateSecond ? neg(b) : b)]);
    const ratio = div(amount, add(wa!, wb!));
    return {
      rule: "sum",
      to: [unbroadcast(a, mul(ratio, wa!)), unbroadcast(b, mul(ratio, negateSecond && isOutput ? neg(wb!) : wb!))],
    };
  };

/**
 * A target minus its present value: each takes what agrees with the change's sign of the contributions to both, as in
 * the layer that would compute the change (methods.md §2.4). Where none agrees, all count.
 */
function changed(target: Value, present: Value, amount: Value, context: Context): Propagated {
  const [a, q] = [poolsOf(target, context), poolsOf(present, context)];
  const negative = less(amount, 0);
  const [up, down] = [add(a.raising, q.lowering), add(a.lowering, q.raising)];
  const agreeing = where(negative, down, up);
  const none = lessOrEqual(agreeing, 0);
  context.emptyPools.push(logicalAnd(none, logicalNot(equal(amount, 0))));
  // The sign selects what raises or what lowers the change; if there is none, the other.
  const lowers = equal(negative, logicalNot(none));
  const ratio = safeDivide(amount, maximum(where(lowers, down, up), SILENT));
  return {
    rule: "change",
    to: [
      unbroadcast(target, mul(ratio, where(lowers, a.lowering, a.raising))),
      unbroadcast(present, neg(mul(ratio, where(lowers, q.raising, q.lowering)))),
    ],
  };
}

/** Weight of each summand: its positive part, or its magnitude where none is positive. */
function shares(summands: readonly Value[]): readonly Value[] {
  const none = equal(summands.map(relu).reduce(add), 0);
  return summands.map((x) => where(none, add(abs(x), SILENT), relu(x)));
}
