import { sameShape } from "../../graph/shape.js";
import type { Node, Value } from "../../graph/value.js";
import type { RecognisePattern } from "../contract/recognise.js";
import { clipped } from "./clipped.js";
import { bothWays, is, numberOf, operands, otherOperand, same, squared } from "./matching.js";
import { PIECEWISE, sigmoid } from "./piecewise.js";

/** Activations written in several nodes: GELU, SiLU, Mish, HardSwish, Softplus, Softsign, quantisation, and those made of pieces. */
export const activation: RecognisePattern = (node, network) => {
  for (const [name, sourceOf] of [...(FORMS[node.op] ?? []), ...(PIECEWISE[node.op] ?? [])]) {
    const source = sourceOf(node);
    if (source && network.isDependent(source) && sameShape(source.shape, node.outputs[0]!.shape))
      return { kind: "activation", name, node, source };
  }
  return undefined;
};

/** The input of the activation that ends at a node. */
type Form = (node: Node) => Value | undefined;

const pairOf = (node: Node) => node.inputs as readonly Value[];

/** The factors of a product, from Mul nodes nested up to two deep. */
function* factors(node: Node): Iterable<readonly Value[]> {
  const pair = pairOf(node);
  yield pair;
  for (const [a, rest] of bothWays(pair)) {
    const inner = operands(rest, "Mul");
    if (inner) yield [a, ...inner];
  }
}

/** x·½·(1 + g(x)) in any order of its factors, or (x/2)·(1 + g(x)). */
const gated =
  (argumentOf: (g: Value) => Value | undefined): Form =>
  (node) => {
    for (const list of factors(node))
      for (const curved of list) {
        const g = otherOperand(operands(curved, "Add"), 1);
        const x = g && argumentOf(g);
        if (!x) continue;
        const others = list.filter((value) => value !== curved);
        const signal = others.filter((value) => !is(value, 0.5));
        if (others.length === 2 && signal.length === 1 && same(signal[0], x)) return x;
        if (others.length === 1 && same(halved(others[0]!), x)) return x;
      }
    return undefined;
  };

const halved = (value: Value) => otherOperand(operands(value, "Mul"), 0.5) ?? quotientBy(value, 2);

/** x of x/number. */
function quotientBy(value: Value | undefined, number: number): Value | undefined {
  const pair = operands(value, "Div");
  return pair && is(pair[1], number) ? pair[0] : undefined;
}

/** x of erf(x/√2). */
function erfArgument(g: Value): Value | undefined {
  const inner = operands(g, "Erf")?.[0];
  return quotientBy(inner, Math.SQRT2) ?? otherOperand(operands(inner, "Mul"), Math.SQRT1_2);
}

/** x of tanh(√(2/π)·(x + 0.044715·x³)). */
function tanhArgument(g: Value): Value | undefined {
  const polynomial = otherOperand(operands(operands(g, "Tanh")?.[0], "Mul"), Math.sqrt(2 / Math.PI));
  for (const [x, cubic] of bothWays(operands(polynomial, "Add")))
    if (same(cubeOf(otherOperand(operands(cubic, "Mul"), 0.044715)), x)) return x;
  // x·(1 + 0.044715·x²), and PyTorch's (0.044715·x)·x².
  for (const [x, rest] of bothWays(operands(polynomial, "Mul"))) {
    const quadratic = otherOperand(operands(rest, "Add"), 1);
    if (same(squared(otherOperand(operands(quadratic, "Mul"), 0.044715)), x)) return x;
  }
  return undefined;
}

/** x of x³: a power, or a product with a square. */
function cubeOf(value: Value | undefined): Value | undefined {
  const power = operands(value, "Pow");
  if (power) return is(power[1], 3) ? power[0] : undefined;
  for (const [x, rest] of bothWays(operands(value, "Mul"))) if (same(squared(rest), x)) return x;
  return undefined;
}

/** x·g where g is made of the same x. */
const times =
  (argumentOf: (g: Value) => Value | undefined): Form =>
  (node) => {
    for (const [x, g] of bothWays(pairOf(node))) if (same(argumentOf(g), x)) return x;
    return undefined;
  };

const sigmoidArgument = (g: Value) =>
  operands(g, "Sigmoid")?.[0] ?? (g.node.op === "Div" || g.node.op === "Reciprocal" ? sigmoid(g.node) : undefined);

/** x of log(1 + eˣ), as an operator or written out. */
function softplusArgument(g: Value | undefined): Value | undefined {
  const plus = otherOperand(operands(operands(g, "Log")?.[0], "Add"), 1);
  return operands(g, "Softplus")?.[0] ?? operands(plus, "Exp")?.[0] ?? guardedSoftplus(g);
}

/** PyTorch's softplus with a threshold: x where x is large. */
function guardedSoftplus(g: Value | undefined): Value | undefined {
  const [condition, x, soft] = operands(g, "Where") ?? [];
  const [compared, threshold] = operands(condition, "Greater") ?? [];
  const isLarge = (numberOf(threshold) ?? 0) >= 10;
  return isLarge && same(compared, x) && same(softplusArgument(soft), x) ? x : undefined;
}

const mishArgument = (g: Value) => softplusArgument(operands(g, "Tanh")?.[0]);

/** x of max(0, min(1, x/6 + ½)). */
function hardSigmoidArgument(g: Value): Value | undefined {
  const [x] = operands(g, "HardSigmoid") ?? [];
  if (x) {
    const { alpha = 0.2, beta = 0.5 } = g.node.attributes as Record<string, number | undefined>;
    return Math.abs(alpha - 1 / 6) < 1e-6 && Math.abs(beta - 0.5) < 1e-6 ? x : undefined;
  }
  return relu6Argument(quotientBy(g, 6) ?? otherOperand(operands(g, "Mul"), 1 / 6));
}

/** x of relu6(x + 3). */
function relu6Argument(value: Value | undefined): Value | undefined {
  const { of, low, high } = clipped(value) ?? {};
  return numberOf(low) === 0 && is(high, 6) ? otherOperand(operands(of, "Add"), 3) : undefined;
}

/** x·relu6(x + 3)/6. */
const hardSwishOver: Form = (node) => {
  const sixfold = node.op === "Div" ? quotientBy(node.outputs[0], 6) : otherOperand(pairOf(node), 1 / 6);
  for (const [x, g] of bothWays(operands(sixfold, "Mul"))) if (same(relu6Argument(g), x)) return x;
  return undefined;
};

/** x/(1 + |x|). */
const softsign: Form = (node) => {
  const [x, below] = pairOf(node);
  return same(operands(otherOperand(operands(below, "Add"), 1), "Abs")?.[0], x) ? x : undefined;
};

/** x, rounded to whole steps of a scale within the range of eight bits. */
const quantised: Form = (node) => {
  for (const [value, scale] of bothWays(pairOf(node))) {
    if (!scale.literal) continue;
    const [less] = operands(value, "Sub") ?? [value];
    const [whole] = operands(less, "Cast") ?? [];
    const x = operands(whole, "QuantizeLinear")?.[0];
    if (x) return x;
  }
  return undefined;
};

const FORMS: Readonly<Record<string, readonly (readonly [name: string, form: Form])[]>> = {
  Mul: [
    ["GELU", gated(erfArgument)],
    ["GELU", gated(tanhArgument)],
    ["SiLU", times(sigmoidArgument)],
    ["Mish", times(mishArgument)],
    ["HardSwish", times(hardSigmoidArgument)],
    ["HardSwish", hardSwishOver],
    ["QuantizeLinear", quantised],
  ],
  Div: [
    ["HardSwish", hardSwishOver],
    ["Softsign", softsign],
  ],
  Log: [["Softplus", (node) => softplusArgument(node.outputs[0])]],
  Where: [["Softplus", (node) => guardedSoftplus(node.outputs[0])]],
};
