import type { Node, Value } from "../../graph/value.js";
import { branches, clipped, negativePart, rectified } from "./clipped.js";
import { bothWays, is, negated, numberOf, operands, otherOperand, plain, same } from "./matching.js";

/** Activations made of pieces, as JAX and TensorFlow write them: with Max, Min and Where. */

type Form = (node: Node) => Value | undefined;

const out = ({ outputs }: Node) => outputs[0]!;

const relu: Form = (node) => rectified(out(node));

const clip: Form = (node) => clipped(out(node))?.of;

const clipFromZero: Form = (node) => {
  const { of, low, high } = clipped(out(node)) ?? {};
  return high && numberOf(low) === 0 ? of : undefined;
};

/** x of x times constants that are not negative, and these constants. */
function scaledBy(value: Value | undefined): { of: Value; by: Float64Array } | undefined {
  for (const [x, factor] of bothWays(operands(value, "Mul"))) {
    const { literal } = plain(factor);
    if (literal && !plain(x).literal && literal.size <= 4096) return { of: x, by: literal.numbers() };
  }
  return undefined;
}

const isSlope = (by: Float64Array, most = Number.POSITIVE_INFINITY) => by.every((x) => x >= 0 && x <= most);

/** x where it is positive, a multiple of x elsewhere. */
const leakyRelu: Form = (node) => {
  const value = out(node);
  const split = branches(value);
  if (split?.threshold === 0 && same(split.up, split.of)) {
    const below = scaledBy(split.down);
    return below && isSlope(below.by) && same(below.of, split.of) ? split.of : undefined;
  }
  for (const [x, other] of bothWays(operands(value, "Max"))) {
    const scaled = scaledBy(other);
    if (scaled && isSlope(scaled.by, 1) && same(scaled.of, x)) return x;
  }
  for (const [positive, other] of bothWays(operands(value, "Add"))) {
    const x = rectified(positive);
    const scaled = x && scaledBy(other);
    if (scaled && isSlope(scaled.by) && same(negativePart(scaled.of), x)) return x;
  }
  return lessNegative(operands(value, "Sub"));
};

/** x of relu(x) − α·relu(−x). */
function lessNegative([positive, other]: readonly Value[] = []): Value | undefined {
  const x = rectified(positive);
  const scaled = x && scaledBy(other);
  const turned = scaled && isSlope(scaled.by) ? rectified(scaled.of) : undefined;
  return turned && same(negated(turned), x) ? x : undefined;
}

/** z of α·(eᶻ − 1), written in any way. */
function exponentialOf(value: Value | undefined): Value | undefined {
  const scaled = scaledBy(value);
  const bare = scaled && isSlope(scaled.by) ? scaled.of : value;
  const [above, one] = operands(bare, "Sub") ?? [];
  const grown = above && numberOf(one) !== undefined ? above : otherOperand(operands(bare, "Add"), -1);
  const factor = numberOf(one) ?? 1;
  const simple = operands(grown, "Exp")?.[0];
  if (simple) return is(one, 1) || one === undefined ? simple : undefined;
  return factor > 0 ? operands(otherOperand(operands(grown, "Mul"), factor), "Exp")?.[0] : undefined;
}

/** True where a value is x, or equals x wherever x is negative: Where(x > 0, 0, x), min(x, 0). */
const isBelow = (value: Value | undefined, x: Value) => same(value, x) || same(negativePart(value), x);

/** x where it is positive, α·(eˣ − 1) elsewhere. */
const elu: Form = (node) => {
  const value = out(node);
  const split = branches(value);
  if (split?.threshold === 0 && same(split.up, split.of))
    return isBelow(exponentialOf(split.down), split.of) ? split.of : undefined;
  for (const [positive, other] of bothWays(operands(value, "Add"))) {
    const x = rectified(positive);
    if (!x) continue;
    const inner = negativePart(other);
    const z = exponentialOf(inner ?? other);
    if (inner ? isBelow(z, x) : same(negativePart(z), x)) return x;
  }
  return undefined;
};

/** z of 1/(1 + eᶻ). */
export function logistic({ op, inputs }: Node): Value | undefined {
  const below = op === "Reciprocal" ? inputs[0] : op === "Div" && is(inputs[0], 1) ? inputs[1] : undefined;
  return operands(otherOperand(operands(below, "Add"), 1), "Exp")?.[0];
}

/** x of 1/(1 + e⁻ˣ). */
export const sigmoid: Form = (node) => negated(logistic(node));

/** x of max(x, 0) + log(1 + e^−|x|), and of a Where that only guards it from NaN. */
const softplus: Form = (node) => {
  if (node.op === "Where") {
    const [condition, , body] = node.inputs;
    const [a, b] = operands(operands(condition, "Not")?.[0], "Equal") ?? [];
    const isGuard = operands(condition, "IsNaN") !== undefined || (a !== undefined && same(a, b));
    return isGuard && body ? overflowFree(operands(body, "Add")) : undefined;
  }
  return overflowFree(operands(out(node), "Add"));
};

function overflowFree(pair: readonly Value[] | undefined): Value | undefined {
  for (const [positive, rest] of bothWays(pair)) {
    const x = rectified(positive);
    const exponent = operands(otherOperand(operands(operands(rest, "Log")?.[0], "Add"), 1), "Exp")?.[0];
    const size = x && operands(operands(exponent, "Neg")?.[0], "Abs")?.[0];
    if (size && same(lessZero(size), x)) return x;
  }
  return undefined;
}

/** x of x − 0. */
const lessZero = (value: Value): Value => {
  const [x, zero] = operands(value, "Sub") ?? [];
  return x && numberOf(zero) === 0 ? x : value;
};

const LIMITED: readonly (readonly [string, Form])[] = [
  ["Relu", relu],
  ["Clip from 0", clipFromZero],
];

export const PIECEWISE: Readonly<Record<string, readonly (readonly [name: string, form: Form])[]>> = {
  Max: [...LIMITED, ["LeakyRelu", leakyRelu], ["Clip", clip]],
  Min: [...LIMITED, ["Clip", clip]],
  Where: [...LIMITED, ["LeakyRelu", leakyRelu], ["Elu", elu], ["Softplus", softplus], ["Clip", clip]],
  Add: [
    ["LeakyRelu", leakyRelu],
    ["Elu", elu],
    ["Softplus", softplus],
  ],
  Sub: [["LeakyRelu", leakyRelu]],
  Mul: [["Relu", relu]],
  Div: [["Sigmoid", sigmoid]],
  Reciprocal: [["Sigmoid", sigmoid]],
};
