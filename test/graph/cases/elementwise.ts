import fc from "fast-check";
import type { DType } from "#src/graph/dtype.js";
import {
  about,
  axisOf,
  type CaseAttributes,
  elementwise,
  MOVED,
  type NodeCase,
  NUMBERS,
  node,
  type Operand,
  oneOf,
  REALS,
  shapeOf,
  tensor,
  together,
} from "./operands.js";

const unary = (dtypes: DType[], low?: number, high?: number, attributes: CaseAttributes = {}) =>
  fc
    .tuple(shapeOf(0, 4), oneOf(...dtypes))
    .chain(([shape, dtype]) => tensor(shape, dtype, low, high).map((x) => node([x], attributes)));

export const ELEMENTWISE_CASES: Readonly<Record<string, fc.Arbitrary<NodeCase>>> = {
  Abs: unary(NUMBERS),
  Neg: unary(NUMBERS),
  Sign: unary(NUMBERS),
  Exp: unary(REALS),
  Log: unary(REALS, 0.1, 3),
  Sqrt: unary(REALS, 0, 3),
  Reciprocal: unary(REALS, 0.1, 3),
  Floor: unary(REALS),
  Ceil: unary(REALS),
  Round: unary(REALS),
  Sin: unary(REALS),
  Cos: unary(REALS),
  Tan: unary(["float32"]),
  Asin: unary(["float32"], -0.9, 0.9),
  Acos: unary(["float32"], -0.9, 0.9),
  Atan: unary(["float32"]),
  Sinh: unary(["float32"]),
  Cosh: unary(["float32"]),
  Asinh: unary(["float32"]),
  Acosh: unary(["float32"], 1.1, 3),
  Atanh: unary(["float32"], -0.9, 0.9),
  Erf: unary(["float32"]),
  Softplus: unary(["float32"]),
  Softsign: unary(["float32"]),
  Mish: unary(["float32"]),
  HardSwish: unary(["float32"], -4, 4),
  Elu: unary(["float32"], -2, 2, { alpha: { float: 0.7 } }),
  Celu: unary(["float32"], -2, 2, { alpha: { float: 0.7 } }),
  Selu: unary(["float32"], -2, 2, { alpha: { float: 1.5 }, gamma: { float: 1.1 } }),
  HardSigmoid: unary(["float32"], -4, 4, { alpha: { float: 0.3 }, beta: { float: 0.4 } }),
  ThresholdedRelu: unary(["float32"], -2, 2, { alpha: { float: 0.7 } }),
  Gelu: oneOf("none", "tanh").chain((approximate) => unary(["float32"], -2, 2, { approximate })),
  PRelu: about(1, 4, ["float32"], (shape) =>
    oneOf(shape, [], shape.slice(-1)).chain((slope) => tensor(slope).map((x) => ({ inputs: [x] }))),
  ),
  Relu: unary(REALS),
  Tanh: unary(REALS),
  Sigmoid: unary(REALS),
  Not: unary(["bool"]),
  Identity: unary(MOVED),
  LeakyRelu: unary(["float32"], -2, 2, { alpha: { float: 0.2 } }),
  Softmax: about(1, 4, REALS, (shape) => axisOf(shape).map((axis) => ({ attributes: { axis } }))),
  LogSoftmax: about(1, 4, ["float32"], (shape) => axisOf(shape).map((axis) => ({ attributes: { axis } }))),
  Dropout: unary(REALS),
  Clip: fc.tuple(unary(["float32"]), fc.nat(3)).map(([{ inputs }, ends]) => {
    const end = (value: number): Operand => ({ dtype: "float32", shape: [], values: [value], constant: true });
    const [low, high] = [ends & 1 ? end(-0.5) : undefined, ends & 2 ? end(0.5) : undefined];
    return node(high ? [...inputs, low, high] : low ? [...inputs, low] : inputs);
  }),
  Add: elementwise(2, NUMBERS),
  Sub: elementwise(2, NUMBERS),
  Mul: elementwise(2, NUMBERS),
  Div: elementwise(2, NUMBERS, 0.2, 2),
  Pow: elementwise(2, REALS, 0.2, 2),
  Max: fc.integer({ min: 1, max: 3 }).chain((n) => elementwise(n, NUMBERS)),
  Min: fc.integer({ min: 1, max: 3 }).chain((n) => elementwise(n, NUMBERS)),
  Greater: elementwise(2, NUMBERS),
  GreaterOrEqual: elementwise(2, NUMBERS),
  Less: elementwise(2, NUMBERS),
  LessOrEqual: elementwise(2, NUMBERS),
  Equal: elementwise(2, ["float32", "int64", "bool"]),
  And: elementwise(2, ["bool"]),
  Or: elementwise(2, ["bool"]),
  Xor: elementwise(2, ["bool"]),
  BitwiseAnd: elementwise(2, ["int64", "int32", "uint8"]),
  BitwiseXor: elementwise(2, ["int64", "int32", "uint8"]),
  IsNaN: unary(REALS),
  IsInf: unary(REALS),
  Mod: fc.tuple(together(2), oneOf<DType>("float32", "int64", "int32")).chain(([[a, b], dtype]) =>
    fc.tuple(tensor(a!, dtype), tensor(b!, dtype)).map(([x, y]) => {
      const divisor = { ...y, values: y.values.map((v) => (v === 0 ? 3 : v)) };
      return node([x, divisor], { fmod: dtype === "float32" ? 1 : 0 });
    }),
  ),
  Where: fc
    .tuple(together(3), oneOf<DType>("float32", "int64", "uint8"))
    .chain(([[c, a, b], dtype]) => fc.tuple(tensor(c!, "bool"), tensor(a!, dtype), tensor(b!, dtype)))
    .map((inputs) => node(inputs)),
  Cast: fc
    .tuple(unary(["float32", "float64", "int32", "int64", "uint8", "bool"]), oneOf(1, 6, 7, 9, 11))
    .map(([{ inputs }, to]) => node(inputs, { to })),
};
