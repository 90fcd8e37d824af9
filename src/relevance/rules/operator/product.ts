import { abs, add, div, mul, neg, sub } from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";
import { isGate } from "../../patterns/gate.js";
import { numberOf, operands, otherOperand } from "../../patterns/matching.js";
import { bothOperands, dynamicOperand, type Operand, type OperatorRule, type Turn, unbroadcast } from "./rule.js";

/**
 * A product: constants pass; a gate passes to the signal (Arras et al. 2019); two signals share equally (AttnLRP,
 * Prop. 3.2). In a factor 1 + γ, as in FiLM, the 1 passes like any constant: γ shares only x·γ. A factor 1/y takes
 * nothing, like the divisor of a quotient.
 */
export const productRule =
  (turn: Turn): OperatorRule =>
  (node, amount, context) => {
    const to = ({ value, other }: Operand, part: Value | number) =>
      unbroadcast(value, turn(node, mul(amount, part), other, context));
    const single = dynamicOperand(node, context);
    if (single) return { rule: "pass", to: [to(single, 1)] };
    const [a, b] = bothOperands(node);
    const [gateA, gateB] = [isGate(a.value), isGate(b.value)];
    if (gateA !== gateB) return { rule: "gate", to: [to(gateA ? b : a, 1)] };
    const [inverseA, inverseB] = [isInverse(a.value), isInverse(b.value)];
    if (inverseA !== inverseB) return { rule: "pass", to: [to(inverseA ? b : a, 1)] };
    const [partA, partB] = [partOfFactor(a.value), partOfFactor(b.value)];
    if (partA && !partB) return { rule: "modulation", to: [to(a, partA), to(b, sub(1, partA))] };
    if (partB && !partA) return { rule: "modulation", to: [to(b, partB), to(a, sub(1, partB))] };
    return { rule: "product", to: [to(a, 0.5), to(b, 0.5)] };
  };

/** True for 1/y, also times constants: as Reciprocal, as Div of a constant, or as a negative power. */
function isInverse(value: Value): boolean {
  const above = operands(value, "Div")?.[0];
  const exponent = numberOf(operands(value, "Pow")?.[1]);
  if (operands(value, "Reciprocal") || above?.literal || (exponent !== undefined && exponent < 0)) return true;
  const pair = operands(value, "Mul");
  return pair?.some((factor, i) => factor.literal && isInverse(pair[1 - i]!)) ?? false;
}

/** Share of a factor 1 + γ in x·(1 + γ): half of the share of x·γ in x and x·γ, by magnitude. */
function partOfFactor(factor: Value): Value | undefined {
  const gamma = otherOperand(operands(factor, "Add"), 1);
  if (!gamma) return undefined;
  const size = abs(gamma);
  return div(mul(size, 0.5), add(size, 1));
}

/** A quotient: a divisor scales like a statistic and takes nothing, unless only it depends on the observation. */
export const quotientRule =
  (turn: Turn): OperatorRule =>
  (node, amount, context) => {
    const [above, below] = bothOperands(node);
    if (context.analysis.isDependent(above.value))
      return { rule: "pass", to: [unbroadcast(above.value, turn(node, amount, above.other, context))] };
    // c/x falls as x rises.
    return { rule: "pass", to: [unbroadcast(below.value, turn(node, amount, neg(below.other), context))] };
  };
