import { sameShape } from "../../graph/shape.js";
import type { Node, Value } from "../../graph/value.js";
import { own } from "../../own.js";
import type { RecognisePattern } from "../contract/recognise.js";
import { clipped } from "./clipped.js";
import {
  bothWays,
  halved,
  is,
  negated,
  numberOf,
  operands,
  otherOperand,
  quotientBy,
  same,
  squared,
} from "./matching.js";
import { PIECEWISE, sigmoid } from "./piecewise.js";

/** Activations written in several nodes: GELU, SiLU, Mish, HardSwish, Softplus, Softsign, quantisation, and those made of pieces. */
export const activation: RecognisePattern = (node, network) => {
  for (const [name, sourceOf] of [...(own(FORMS, node.op) ?? []), ...(own(PIECEWISE, node.op) ?? [])]) {
    const source = sourceOf(node);
    if (source && network.isDependent(source) && sameShape(source.shape, node.outputs[0]!.shape))
      return { kind: "activation", name, node, source };
  }
  return undefined;
};

/** The input of the activation that ends at a node. */
type Form = (node: Node) => Value | undefined;

const pairOf = (node: Node) => node.inputs as readonly Value[];

/** Two factors of ½·a·b, the half at any place. */
function* halvedProducts(value: Value): Iterable<readonly [Value, Value]> {
  yield* bothWays(operands(halved(value), "Mul"));
  for (const [a, rest] of bothWays(operands(value, "Mul"))) {
    const b = halved(rest);
    if (!b) continue;
    yield [a, b];
    yield [b, a];
  }
}

/** ½·x·(1 + g(x)), or ½·x·(1 − g(−x)) for an odd g, in any order of its factors. */
const gated =
  (argumentOf: (g: Value) => Value | undefined, turnedArgumentOf?: (g: Value) => Value | undefined): Form =>
  (node) => {
    for (const [signal, curved] of halvedProducts(node.outputs[0]!)) {
      const g = otherOperand(operands(curved, "Add"), 1);
      const [one, turned] = operands(curved, "Sub") ?? [];
      const x = g ? argumentOf(g) : is(one, 1) ? turnedArgumentOf?.(turned!) : undefined;
      if (x && same(signal, x)) return x;
    }
    return undefined;
  };

/** x of x/√2. */
const overRootTwo = (value: Value | undefined) =>
  quotientBy(value, Math.SQRT2) ?? otherOperand(operands(value, "Mul"), Math.SQRT1_2);

/** x of erf(x/√2). */
const erfArgument = (g: Value) => overRootTwo(operands(g, "Erf")?.[0]);

/** x of erf(−x/√2), as of erfc(−x/√2) = 1 − erf(−x/√2). */
function turnedErfArgument(g: Value): Value | undefined {
  const inner = operands(g, "Erf")?.[0];
  const direct = quotientBy(inner, -Math.SQRT2) ?? otherOperand(operands(inner, "Mul"), -Math.SQRT1_2);
  return direct ?? negated(overRootTwo(inner)) ?? overRootTwo(negated(inner));
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

const sigmoidArgument = (g: Value) => operands(g, "Sigmoid")?.[0] ?? sigmoid(g.node);

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

/** x, rounded to whole steps of a scale within the range of eight bits; a scale given, or that of its own range. */
const quantised: Form = (node) => {
  for (const [value, scale] of bothWays(pairOf(node))) {
    const [less] = operands(value, "Sub") ?? [value];
    const [whole] = operands(less, "Cast") ?? [];
    const isOwn = whole?.index === 0 && scale.node === whole.node && scale.index === 1;
    const x = isOwn ? operands(whole, "DynamicQuantizeLinear")?.[0] : operands(whole, "QuantizeLinear")?.[0];
    if (x && (isOwn || scale.literal)) return x;
  }
  return undefined;
};

const FORMS: Readonly<Record<string, readonly (readonly [name: string, form: Form])[]>> = {
  Mul: [
    ["GELU", gated(erfArgument, turnedErfArgument)],
    ["GELU", gated(tanhArgument)],
    ["SiLU", times(sigmoidArgument)],
    ["Mish", times(mishArgument)],
    ["HardSwish", times(hardSigmoidArgument)],
    ["HardSwish", hardSwishOver],
    ["QuantizeLinear", quantised],
  ],
  Div: [
    ["GELU", gated(erfArgument, turnedErfArgument)],
    ["GELU", gated(tanhArgument)],
    ["HardSwish", hardSwishOver],
    ["Softsign", softsign],
  ],
  Log: [["Softplus", (node) => softplusArgument(node.outputs[0])]],
  Where: [["Softplus", (node) => guardedSoftplus(node.outputs[0])]],
};
