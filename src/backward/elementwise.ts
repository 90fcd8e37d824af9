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
} from "../graph/build.js";
import { isFloat } from "../graph/dtype.js";
import type { Value } from "../graph/value.js";
import { type GradientRule, type GradientTable, gate } from "./rule.js";
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

/** Gradient to the largest (or smallest) operand, in equal parts where several are. */
const extremum: GradientRule = (node, g, lead) => {
  const operands = node.inputs as readonly Value[];
  const wins = (x: Value) => cast(equal(x, node.outputs[0]!), g.dtype);
  const winners = () => operands.map(wins).reduce(add);
  return operands.map((x) => () => sumToShape(mul(g, div(wins(x), winners())), x.shape, lead));
};

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
  Pow: binary(
    (g, a, b) => mul(g, mul(cast(b, a.dtype), apply("Pow", [a, sub(b, 1)]))),
    (g, a, _b, y) => mul(g, mul(y, log(a))),
  ),
  Max: extremum,
  Min: extremum,
  Mod: binary(
    (g) => g,
    (g, a, b, y) => neg(mul(g, div(sub(a, y), b))),
  ),
  Neg: unary(neg),
  Exp: unary((g, _x, y) => mul(g, y)),
  Log: unary((g, x) => div(g, x)),
  Sqrt: unary((g, _x, y) => div(mul(g, 0.5), y)),
  Reciprocal: unary((g, _x, y) => neg(mul(g, square(y)))),
  Abs: unary((g, x) => mul(g, sign(x))),
  Sin: unary((g, x) => mul(g, apply("Cos", [x]))),
  Cos: unary((g, x) => neg(mul(g, apply("Sin", [x])))),
  Tan: unary((g, _x, y) => mul(g, add(square(y), 1))),
  Asin: unary((g, x) => div(g, sqrt(sub(1, square(x))))),
  Acos: unary((g, x) => neg(div(g, sqrt(sub(1, square(x)))))),
  Atan: unary((g, x) => div(g, add(square(x), 1))),
  Sinh: unary((g, x) => mul(g, apply("Cosh", [x]))),
  Cosh: unary((g, x) => mul(g, apply("Sinh", [x]))),
  Asinh: unary((g, x) => div(g, sqrt(add(square(x), 1)))),
  Acosh: unary((g, x) => div(g, sqrt(sub(square(x), 1)))),
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
  Cast: (node, g) => [isFloat(node.inputs[0]!.dtype) ? () => cast(g, node.inputs[0]!.dtype) : undefined],
};
