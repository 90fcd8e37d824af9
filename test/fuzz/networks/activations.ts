import { float, type Growing, type Made, type Step } from "./growing.js";

const of =
  (op: string, attributes: Record<string, number> = {}, since = 1): Step =>
  (x, _, net) =>
    net.opset < since
      ? undefined
      : net.unary(op, x, Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, float(value)])));

const where = (net: Growing, condition: Made, a: Made | number, b: Made | number): Made =>
  net.add("Where", [condition, ...[a, b].map((v) => (typeof v === "number" ? net.scalar(v) : v))], {}, condition.shape);

/** Clip, whose limits are attributes before operator set 11. */
export const clip = (net: Growing, x: Made, low: number | undefined, high: number | undefined): Made => {
  if (net.opset < 11)
    return net.unary("Clip", x, {
      min: low === undefined ? undefined : float(low),
      max: high === undefined ? undefined : float(high),
    });
  const inputs = [low, high].map((limit) => (limit === undefined ? "" : net.scalar(limit)));
  return net.add("Clip", [x, ...(high === undefined ? inputs.slice(0, 1) : inputs)], {}, x.shape);
};

/** Activations: operators, and as JAX and PyTorch write them out. */
export const ACTIVATIONS: Readonly<Record<string, Step>> = {
  relu: of("Relu"),
  leaky: of("LeakyRelu", { alpha: 0.2 }),
  elu: of("Elu", { alpha: 0.7 }),
  selu: of("Selu"),
  celu: of("Celu", { alpha: 1.3 }, 12),
  "hard sigmoid": of("HardSigmoid", { alpha: 0.3, beta: 0.4 }),
  "hard swish": of("HardSwish", {}, 14),
  softplus: of("Softplus"),
  softsign: of("Softsign"),
  tanh: of("Tanh"),
  sigmoid: of("Sigmoid"),
  mish: of("Mish", {}, 18),
  thresholded: of("ThresholdedRelu", { alpha: 0.1 }, 10),
  gelu: (x, c, net) => (net.opset < 20 ? undefined : net.unary("Gelu", x, { approximate: c.pick(["none", "tanh"]) })),
  prelu: (x, c, net) => {
    const channels = x.shape[1] ?? 1;
    const shape = x.shape.length === 4 && c.flag() ? [channels, 1, 1] : [1];
    return net.add("PRelu", [x, net.constant(shape, net.numbers(shape, -0.2, 0.5))], {}, x.shape);
  },
  clip: (x, c, net) => clip(net, x, c.pick([-0.7, 0, undefined]), c.pick([0.9, 6])),
  "max with 0": (x, c, net) => net.add("Max", c.flag() ? [net.scalar(0), x] : [x, net.scalar(0)], {}, x.shape),
  "relu6 of max and min": (x, _, net) => net.binary("Min", net.binary("Max", x, 0), 0.8),
  "where above 0": (x, c, net) => where(net, net.binary(c.pick(["Greater", "Less"]), x, 0), x, 0),
  "leaky as where": (x, _, net) => where(net, net.binary("Greater", x, 0), x, net.binary("Mul", x, 0.1)),
  "elu as where": (x, _, net) => {
    const bent = net.binary("Sub", net.unary("Exp", net.binary("Min", x, 0)), 1);
    return where(net, net.binary("Greater", x, 0), x, bent);
  },
  swish: (x, _, net) => net.binary("Mul", x, net.unary("Sigmoid", x)),
  "gelu by erf": (x, _, net) => {
    const bent = net.binary("Add", net.unary("Erf", net.binary("Div", x, Math.SQRT2)), 1);
    return net.binary("Mul", net.binary("Mul", x, bent), 0.5);
  },
  "gelu by tanh": (x, _, net) => {
    const cube = net.binary("Mul", net.binary("Pow", x, 3), 0.044715);
    const bent = net.unary("Tanh", net.binary("Mul", net.binary("Add", x, cube), Math.sqrt(2 / Math.PI)));
    return net.binary("Mul", net.binary("Mul", x, net.binary("Add", bent, 1)), 0.5);
  },
  "softplus by log": (x, _, net) =>
    net.unary("Log", net.binary("Add", net.unary("Exp", clip(net, x, undefined, 5)), 1)),
  "hard swish by parts": (x, _, net) =>
    net.binary("Div", net.binary("Mul", x, clip(net, net.binary("Add", x, 3), 0, 6)), 6),
  "softsign by parts": (x, _, net) => net.binary("Div", x, net.binary("Add", net.unary("Abs", x), 1)),
  root: (x, _, net) => net.unary("Sqrt", net.binary("Add", net.binary("Mul", x, x), 0.5)),
  power: (x, _, net) => net.binary("Pow", net.binary("Add", net.unary("Abs", x), 0.3), 1.5),
  exponential: (x, _, net) => net.unary("Exp", net.unary("Tanh", x)),
  sine: of("Sin"),
  "arc tangent": of("Atan"),
  reciprocal: (x, _, net) => net.unary("Reciprocal", net.binary("Add", net.binary("Mul", x, x), 0.7)),
};
