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
  Relu: unary(REALS),
  Tanh: unary(REALS),
  Sigmoid: unary(REALS),
  Not: unary(["bool"]),
  Identity: unary(MOVED),
  LeakyRelu: unary(["float32"], -2, 2, { alpha: { float: 0.2 } }),
  Softmax: about(1, 4, REALS, (shape) => axisOf(shape).map((axis) => ({ attributes: { axis } }))),
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
  Where: fc
    .tuple(together(3), oneOf<DType>("float32", "int64", "uint8"))
    .chain(([[c, a, b], dtype]) => fc.tuple(tensor(c!, "bool"), tensor(a!, dtype), tensor(b!, dtype)))
    .map((inputs) => node(inputs)),
  Cast: fc
    .tuple(unary(["float32", "float64", "int32", "int64", "uint8", "bool"]), oneOf(1, 6, 7, 9, 11))
    .map(([{ inputs }, to]) => node(inputs, { to })),
};
