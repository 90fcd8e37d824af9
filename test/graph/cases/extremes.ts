import fc from "fast-check";
import type { DType } from "#src/graph/dtype.js";
import { type Forms, form } from "./forms.js";
import { type Operand, oneOf } from "./operands.js";

/** Numbers at the ends of each element type and at their neighbours. NaN is left out: as a constant it is refused. */
const EXTREMES: Partial<Record<DType, readonly number[]>> = {
  float32: [
    0,
    -0,
    1,
    -1,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    3e38,
    -3e38,
    Infinity,
    -Infinity,
    2 ** 31,
    -(2 ** 31) - 1,
    300,
    255.7,
  ],
  float64: [0, -0, 1, -1, 0.5, 1.5, -2.5, 1e300, Infinity, -Infinity, 9.3e18, -300, 1e10],
  int64: [0, 1, -1, 2, -7, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 2 ** 62, -(2 ** 63), 255, 3],
  int32: [0, 1, -1, 2, -7, 2 ** 31 - 1, -(2 ** 31), 65536, 255, 256, 128, 3],
  uint8: [0, 1, 2, 127, 128, 200, 255, 3],
  int8: [0, 1, -1, 127, -128, 3, 100, -100],
  uint64: [0, 1, 2 ** 53, 3],
  bool: [0, 1],
};
const DTYPES = Object.keys(EXTREMES) as DType[];

const operand = (dtype: DType, avoided?: number): fc.Arbitrary<Operand> =>
  fc
    .array(fc.constantFrom(...EXTREMES[dtype]!.filter((x) => x !== avoided)), { minLength: 6, maxLength: 6 })
    .map((values) => ({ dtype, shape: [6], values }));

const set = fc.integer({ min: 9, max: 23 });
const unary = fc.tuple(oneOf(...DTYPES), set).chain(([dtype, opset]) => operand(dtype).map((x) => form(opset, [x])));
const binary = (avoided?: number) =>
  fc
    .tuple(oneOf(...DTYPES), set)
    .chain(([dtype, opset]) => fc.tuple(operand(dtype), operand(dtype, avoided)).map((inputs) => form(opset, inputs)));
const divided = fc
  .tuple(oneOf<DType>("float32", "uint8", "int32", "int64", "uint64"), set)
  .chain(([dtype, opset]) =>
    fc
      .tuple(operand(dtype, -(2 ** 31)), operand(dtype, dtype === "float32" ? undefined : 0))
      .map(([x, y]) =>
        form(opset, [x, { ...y, values: y.values.map((v) => (v === -1 && dtype !== "float32" ? 3 : v)) }]),
      ),
  );

const UNARY = ["Abs", "Neg", "Sign", "Sqrt", "Floor", "Ceil", "Round", "Relu", "Reciprocal", "Not", "IsNaN"];
const BINARY = [
  ...["Add", "Sub", "Mul", "Max", "Min", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"],
  ...["And", "Or", "Xor"],
];

/** Operators that are evaluated when a file is read, on numbers that overflow or are not exact. */
export const EXTREME_FORMS: Readonly<Record<string, Forms>> = {
  ...Object.fromEntries(UNARY.map((op) => [op, [op, unary] as const])),
  ...Object.fromEntries(BINARY.map((op) => [op, [op, binary()] as const])),
  Div: ["Div", divided],
  Mod: ["Mod", divided.map((x) => ({ ...x, attributes: { fmod: x.inputs[0]!.dtype === "float32" ? 1 : 0 } }))],
  Cast: ["Cast", fc.tuple(unary, oneOf(1, 2, 3, 6, 7, 9, 11, 12)).map(([x, to]) => ({ ...x, attributes: { to } }))],
  Where: [
    "Where",
    fc
      .tuple(oneOf<DType>("float32", "int64", "int32", "uint8"), set)
      .chain(([dtype, opset]) =>
        fc.tuple(operand("bool"), operand(dtype), operand(dtype)).map((inputs) => form(opset, inputs)),
      ),
  ],
  ...Object.fromEntries(
    ["ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"].map((op) => [
      op,
      [op, unary.map((x) => ({ ...x, opset: 18 }))],
    ]),
  ),
  CumSum: [
    "CumSum",
    oneOf<DType>("int64", "int32", "float64").chain((dtype) =>
      operand(dtype).map((x) => form(14, [x, { dtype: "int64", shape: [], values: [0], constant: true }])),
    ),
  ],
};
