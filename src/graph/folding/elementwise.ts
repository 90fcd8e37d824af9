import { byteRange, dtypeOf, isFloat } from "../dtype.js";
import { sizeOf } from "../shape.js";
import { broadcastTo, type Evaluate, type EvaluateTable, make, rounding } from "./evaluate.js";

const elementwise =
  (fn: (...x: number[]) => number): Evaluate =>
  (node, inputs) => {
    const { shape, dtype } = node.outputs[0]!;
    const columns = inputs.map((literal) => broadcastTo(literal!, shape));
    const round = rounding(dtype);
    const [a, b] = columns;
    const values = new Float64Array(sizeOf(shape));
    // Weights and images have millions of elements: no list of operands for each.
    if (columns.length === 1) for (let i = 0; i < values.length; i++) values[i] = round(fn(a![i]!));
    else if (columns.length === 2) for (let i = 0; i < values.length; i++) values[i] = round(fn(a![i]!, b![i]!));
    if (columns.length <= 2) return make(dtype, shape, values);
    const x = new Array<number>(columns.length);
    for (let i = 0; i < values.length; i++) {
      for (let k = 0; k < x.length; k++) x[k] = columns[k]![i]!;
      values[i] = round(fn(...x));
    }
    return make(dtype, shape, values);
  };

const truth = (fn: (...x: number[]) => boolean) => elementwise((...x) => Number(fn(...x)));

/** To the nearest whole number, halves to the even one. */
const halfToEven = (x: number) => {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
};

/** The remainder with the divisor's sign, or as C's fmod the dividend's. */
const remainder = (fmod: boolean) =>
  fmod ? (a: number, b: number) => a % b : (a: number, b: number) => ((a % b) + b) % b;

/** Powers that are whole numbers, as the root of 16 in a shape; others are rounded differently by every runtime. */
const wholePower: Evaluate = (node, inputs) => {
  const [base, exponent] = inputs.map((literal) => broadcastTo(literal!, node.outputs[0]!.shape));
  const powers = base!.map((x, i) => x ** exponent![i]!);
  return powers.every((y) => Number.isInteger(y) && Math.abs(y) <= LARGEST_EXACT)
    ? make(node.outputs[0]!.dtype, node.outputs[0]!.shape, powers)
    : undefined;
};

/** Up to here float32 holds every whole number. */
const LARGEST_EXACT = 2 ** 24;

export const ELEMENTWISE_FOLDING: EvaluateTable = {
  Add: elementwise((a, b) => a + b),
  Sub: elementwise((a, b) => a - b),
  Mul: elementwise((a, b) => a * b),
  Div: elementwise((a, b) => a / b),
  Mod: (node, ...rest) => elementwise(remainder(node.attributes.fmod === 1))(node, ...rest),
  Max: elementwise(Math.max),
  Min: elementwise(Math.min),
  Neg: elementwise((a) => -a),
  Abs: elementwise(Math.abs),
  Sign: elementwise(Math.sign),
  Sqrt: elementwise(Math.sqrt),
  Pow: wholePower,
  Floor: elementwise(Math.floor),
  Ceil: elementwise(Math.ceil),
  Round: elementwise(halfToEven),
  Relu: elementwise((a) => Math.max(a, 0)),
  Reciprocal: elementwise((a) => 1 / a),
  Equal: truth((a, b) => a === b),
  Greater: truth((a, b) => a > b),
  GreaterOrEqual: truth((a, b) => a >= b),
  Less: truth((a, b) => a < b),
  LessOrEqual: truth((a, b) => a <= b),
  And: truth((a, b) => a !== 0 && b !== 0),
  Or: truth((a, b) => a !== 0 || b !== 0),
  Xor: truth((a, b) => a !== b),
  Not: truth((a) => a === 0),
  IsNaN: truth(Number.isNaN),
  Where: elementwise((c, a, b) => (c ? a : b)),
  QuantizeLinear: (_node, [x, scale, zero]) => {
    const [low, high] = byteRange(zero!.dtype);
    const round = (v: number) => halfToEven(Math.fround(v / scale!.scalar())) + zero!.scalar();
    return make(
      zero!.dtype,
      x!.shape,
      x!.numbers().map((v) => Math.min(Math.max(round(v), low), high)),
    );
  },
  Cast: (node, [x]) => {
    const to = dtypeOf(node.attributes.to as number)!;
    const round = to === "bool" ? (v: number) => Number(v !== 0) : isFloat(to) ? rounding(to) : Math.trunc;
    const numbers = x!.numbers();
    return make(to, x!.shape, numbers.map(round));
  },
};
