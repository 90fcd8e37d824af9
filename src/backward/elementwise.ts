import { apply } from "../graph/apply.js";
import {
  add,
  cast,
  div,
  equal,
  exp,
  greater,
  less,
  log,
  logicalAnd,
  logicalNot,
  mul,
  neg,
  sign,
  sqrt,
  square,
  sub,
  where,
} from "../graph/build.js";
import { byteRange, isFloat } from "../graph/dtype.js";
import type { Value } from "../graph/value.js";
import { type GradientRule, type GradientTable, gate, type InputGradient } from "./rule.js";
import { sumToShape } from "./structural.js";

/** Rules of operators that compute element by element: leading axes of `g` broadcast by themselves. */

const unary =
  (rule: (g: Value, x: Value, y: Value) => Value): GradientRule =>
  (node, g) => [() => rule(g, node.inputs[0]!, node.outputs[0]!)];

const binary =
  (left: (g: Value, a: Value, b: Value, y: Value) => Value, right: typeof left): GradientRule =>
  (node, g, lead) => {
    const [a, b] = node.inputs as readonly [Value, Value];
    return [
      () => sumToShape(left(g, a, b, node.outputs[0]!), a.shape, lead),
      () => sumToShape(right(g, a, b, node.outputs[0]!), b.shape, lead),
    ];
  };

const clip: GradientRule = (node, g) => {
  const [x, low, high] = node.inputs as readonly [Value, Value?, Value?];
  return [
    () => {
      const inside = [low && logicalNot(less(x, low)), high && logicalNot(greater(x, high))].filter(
        (v) => v !== undefined,
      );
      return inside.length === 0 ? g : gate(inside.reduce(logicalAnd), g);
    },
  ];
};

/**
 * Straight through the rounding, as PyTorch's fake quantisation: 1/scale where the result's range holds the value, zero
 * where it saturates. The amounts at whole numbers are of the gradient's type.
 */
const quantize: GradientRule = (node, g) => throughSteps(node.inputs as readonly [Value, Value, Value], g);

/** Scale and zero point follow the values, and count as constants. */
const dynamicallyQuantized: GradientRule = (node, g) => {
  const [, scale, zero] = node.outputs as readonly [Value, Value, Value];
  return throughSteps([node.inputs[0]!, scale, zero], g);
};

function throughSteps([x, scale, zero]: readonly [Value, Value, Value], g: Value): readonly InputGradient[] {
  const [low, high] = byteRange(zero.dtype);
  const step = add(apply("Round", [div(x, scale)]), cast(zero, x.dtype));
  const inside = logicalAnd(logicalNot(less(step, low)), logicalNot(greater(step, high)));
  return [() => gate(inside, div(g, scale))];
}

/** Nothing is known of an integer's slope, but that of a quantised value. */
function castBack(from: Value, g: Value): (() => Value) | undefined {
  if (isFloat(from.dtype)) return () => cast(g, from.dtype);
  return QUANTISED.has(from.node.op) ? () => g : undefined;
}

const QUANTISED: ReadonlySet<string> = new Set(["QuantizeLinear", "DynamicQuantizeLinear"]);

/** Gradient to the largest (or smallest) operand, in equal parts where several are. */
const extremum: GradientRule = (node, g, lead) => {
  const operands = node.inputs as readonly Value[];
  const wins = (x: Value) => cast(equal(x, node.outputs[0]!), g.dtype);
  const winners = () => operands.map(wins).reduce(add);
  return operands.map((x) => () => sumToShape(mul(g, div(wins(x), winners())), x.shape, lead));
};

/**
 * g / root, and zero where the root is zero. The slope is infinite there, and a standard deviation or a length of zero
 * has no direction to grow in: PyTorch's `std` and `norm` have zero, too.
 */
function overRoot(g: Value, root: Value): Value {
  const isZero = equal(root, 0);
  return where(isZero, 0, div(g, where(isZero, 1, root)));
}

/** True for x + ε, as normalisations have it under their root. */
const isKeptOffZero = (x: Value): boolean =>
  x.node.op === "Add" && x.node.inputs.some((operand) => operand?.literal?.numbers().every((number) => number > 0));

/** g·b·a^(b − 1), and zero where a is zero and that is infinite; of a⁰ always zero. */
function powerOfBase(g: Value, a: Value, b: Value): Value {
  const slope = mul(g, mul(cast(b, a.dtype), apply("Pow", [a, sub(b, 1)])));
  if (b.literal?.numbers().every((exponent) => exponent >= 1)) return slope;
  const isSingular = logicalAnd(equal(a, 0), less(b, 1));
  return where(isSingular, 0, slope);
}

/** g·aᵇ·ln a, and zero where a is zero and the exponent is not negative. */
function powerOfExponent(g: Value, a: Value, b: Value, y: Value): Value {
  const isZero = logicalAnd(equal(a, 0), logicalNot(less(b, 0)));
  return where(isZero, 0, mul(g, mul(y, log(where(equal(a, 0), 1, a)))));
}

export const ELEMENTWISE_GRADIENTS: GradientTable = {
  Add: binary(
    (g) => g,
    (g) => g,
  ),
  Sub: binary((g) => g, neg),
  Mul: binary(
    (g, _a, b) => mul(g, b),
    (g, a) => mul(g, a),
  ),
  Div: binary(
    (g, _a, b) => div(g, b),
    (g, _a, b, y) => neg(div(mul(g, y), b)),
  ),
  Pow: binary(powerOfBase, powerOfExponent),
  Max: extremum,
  Min: extremum,
  Mod: binary(
    (g) => g,
    (g, a, b, y) => neg(mul(g, div(sub(a, y), b))),
  ),
  Neg: unary(neg),
  Exp: unary((g, _x, y) => mul(g, y)),
  Log: unary((g, x) => div(g, x)),
  Sqrt: unary((g, x, y) => (isKeptOffZero(x) ? div(mul(g, 0.5), y) : overRoot(mul(g, 0.5), y))),
  Reciprocal: unary((g, _x, y) => neg(mul(g, square(y)))),
  Abs: unary((g, x) => mul(g, sign(x))),
  Sin: unary((g, x) => mul(g, apply("Cos", [x]))),
  Cos: unary((g, x) => neg(mul(g, apply("Sin", [x])))),
  Tan: unary((g, _x, y) => mul(g, add(square(y), 1))),
  Asin: unary((g, x) => overRoot(g, sqrt(sub(1, square(x))))),
  Acos: unary((g, x) => neg(overRoot(g, sqrt(sub(1, square(x)))))),
  Atan: unary((g, x) => div(g, add(square(x), 1))),
  Sinh: unary((g, x) => mul(g, apply("Cosh", [x]))),
  Cosh: unary((g, x) => mul(g, apply("Sinh", [x]))),
  Asinh: unary((g, x) => div(g, sqrt(add(square(x), 1)))),
  Acosh: unary((g, x) => overRoot(g, sqrt(sub(square(x), 1)))),
  Atanh: unary((g, x) => div(g, sub(1, square(x)))),
  Erf: unary((g, x) => mul(g, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)))),
  Clip: clip,
  Where: (node, g, lead) => {
    const [condition, a, b] = node.inputs as readonly [Value, Value, Value];
    return [
      undefined,
      () => sumToShape(gate(condition, g), a.shape, lead),
      () => sumToShape(gate(logicalNot(condition), g), b.shape, lead),
    ];
  },
  QuantizeLinear: quantize,
  DynamicQuantizeLinear: dynamicallyQuantized,
  Cast: (node, g) => [castBack(node.inputs[0]!, g)],
};
