import { apply } from "../graph/apply.js";
import {
  add,
  cast,
  div,
  equal,
  greater,
  less,
  log,
  logicalAnd,
  logicalNot,
  mul,
  neg,
  sign,
  square,
  sub,
  where,
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

/** Gradient to the larger (or smaller) of two, in halves where they are equal. */
const extremum = (wins: typeof greater): GradientRule => {
  const part = (g: Value, a: Value, b: Value) => add(gate(wins(a, b), g), mul(gate(equal(a, b), g), 0.5));
  const ofTwo = binary(part, (g, a, b) => part(g, b, a));
  return (node, ...rest) => (node.inputs.length === 2 ? ofTwo(node, ...rest) : []);
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
  Max: extremum(greater),
  Min: extremum(less),
  Neg: unary(neg),
  Exp: unary((g, _x, y) => mul(g, y)),
  Log: unary((g, x) => div(g, x)),
  Sqrt: unary((g, _x, y) => div(mul(g, 0.5), y)),
  Reciprocal: unary((g, _x, y) => neg(mul(g, square(y)))),
  Abs: unary((g, x) => mul(g, sign(x))),
  Tanh: unary((g, _x, y) => mul(g, sub(1, square(y)))),
  Sigmoid: unary((g, _x, y) => mul(g, mul(y, sub(1, y)))),
  Relu: unary((g, _x, y) => gate(greater(y, 0), g)),
  LeakyRelu: (node, g) => [
    () => where(greater(node.inputs[0]!, 0), g, mul(g, (node.attributes.alpha as number | undefined) ?? 0.01)),
  ],
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
