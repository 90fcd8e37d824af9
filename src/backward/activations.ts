import { apply } from "../graph/apply.js";
import {
  abs,
  add,
  div,
  exp,
  greater,
  less,
  logicalAnd,
  minimum,
  mul,
  scalar,
  sigmoid,
  square,
  sub,
  tanh,
  where,
} from "../graph/build.js";
import type { Node, Value } from "../graph/value.js";
import { own } from "../own.js";
import { type GradientRule, type GradientTable, gate } from "./rule.js";
import { sumToShape } from "./structural.js";

/** Rules of activation functions, by their derivatives. At a kink the slope below it is taken, as PyTorch does. */

type Numbers = (attribute: string, fallback: number) => number;

const derivative =
  (of: (x: Value, number: Numbers, node: Node) => Value): GradientRule =>
  (node, g) => {
    const number: Numbers = (name, fallback) => (own(node.attributes, name) as number | undefined) ?? fallback;
    return [() => mul(g, of(node.inputs[0]!, number, node))];
  };

/** One slope above zero, another below. */
const piecewise = (x: Value, above: number, below: Value | number): Value =>
  where(greater(x, 0), scalar(above, x.dtype), below);

/** e^(x·scale) where x is negative, and finite where it is not. */
const decay = (x: Value, scale = 1): Value => exp(mul(minimum(x, 0), scale));

const within = (x: Value, low: number, high: number): Value => logicalAnd(greater(x, low), less(x, high));

/** d/dx x·Φ(x), with Φ exactly or by tanh (Hendrycks & Gimpel 2016). */
function geluSlope(x: Value, node: Node): Value {
  if (node.attributes.approximate !== "tanh") {
    const normal = mul(add(apply("Erf", [mul(x, Math.SQRT1_2)]), 1), 0.5);
    return add(normal, mul(x, mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI))));
  }
  const [a, b] = [Math.sqrt(2 / Math.PI), 0.044715];
  const t = tanh(mul(add(x, mul(mul(square(x), x), b)), a));
  const inner = mul(add(mul(square(x), 3 * b), 1), a);
  return mul(add(add(t, 1), mul(x, mul(sub(1, square(t)), inner))), 0.5);
}

/** d/dx x·tanh(softplus(x)). */
function mishSlope(x: Value): Value {
  const t = tanh(apply("Softplus", [x]));
  return add(t, mul(x, mul(sub(1, square(t)), sigmoid(x))));
}

const pRelu: GradientRule = (node, g, lead) => {
  const [x, slope] = node.inputs as readonly [Value, Value];
  return [() => where(greater(x, 0), g, mul(g, slope)), () => sumToShape(mul(g, minimum(x, 0)), slope.shape, lead)];
};

export const ACTIVATION_GRADIENTS: GradientTable = {
  Tanh: (node, g) => [() => mul(g, sub(1, square(node.outputs[0]!)))],
  Sigmoid: (node, g) => [() => mul(g, mul(node.outputs[0]!, sub(1, node.outputs[0]!)))],
  Relu: (node, g) => [() => gate(greater(node.outputs[0]!, 0), g)],
  LeakyRelu: derivative((x, number) => piecewise(x, 1, scalar(number("alpha", 0.01), x.dtype))),
  PRelu: pRelu,
  Elu: derivative((x, number) => piecewise(x, 1, mul(decay(x), number("alpha", 1)))),
  Celu: derivative((x, number) => piecewise(x, 1, decay(x, 1 / number("alpha", 1)))),
  Selu: derivative((x, number) => {
    const gamma = number("gamma", 1.0507009873554805);
    return piecewise(x, gamma, mul(decay(x), gamma * number("alpha", 1.6732632423543772)));
  }),
  ThresholdedRelu: (node, g) => [
    () => gate(greater(node.inputs[0]!, (node.attributes.alpha as number | undefined) ?? 1), g),
  ],
  HardSigmoid: derivative((x, number) => {
    const [slope, shift] = [number("alpha", 0.2), number("beta", 0.5)];
    return mul(gate(within(x, -shift / slope, (1 - shift) / slope), scalar(1, x.dtype)), slope);
  }),
  HardSwish: derivative((x) =>
    where(within(x, -3, 3), mul(add(mul(x, 2), 3), 1 / 6), piecewise(x, 1, scalar(0, x.dtype))),
  ),
  Softplus: derivative((x) => sigmoid(x)),
  Softsign: derivative((x) => div(1, square(add(abs(x), 1)))),
  Mish: derivative(mishSlope),
  Gelu: derivative((x, _, node) => geluSlope(x, node)),
};
