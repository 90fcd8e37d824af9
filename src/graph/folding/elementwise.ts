import { byteRange, bytesPerElement, dtypeOf } from "../dtype.js";
import type { Literal } from "../literal.js";
import { ShapeError, sizeOf } from "../shape.js";
import {
  broadcastTo,
  type Evaluate,
  type EvaluateTable,
  fits,
  isInteger,
  make,
  rounding,
  upTo32Bits,
} from "./evaluate.js";

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
    if (columns.length <= 2) return fits(dtype, values) ? make(dtype, shape, values) : undefined;
    const x = new Array<number>(columns.length);
    for (let i = 0; i < values.length; i++) {
      for (let k = 0; k < x.length; k++) x[k] = columns[k]![i]!;
      values[i] = round(fn(...x));
    }
    return fits(dtype, values) ? make(dtype, shape, values) : undefined;
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
  fmod
    ? (a: number, b: number) => a % b
    : (a: number, b: number) => {
        const rest = a % b;
        return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
      };

/** Refuses a division of whole numbers that would end the process inside onnxruntime. */
const divided =
  (evaluate: Evaluate): Evaluate =>
  (node, inputs, inference) => {
    const [dividend, divisor] = inputs as readonly [Literal, Literal];
    if (isInteger(divisor.dtype)) {
      if (divisor.numbers().some((x) => x === 0)) throw new ShapeError(`${node.op}: a whole number is divided by 0`);
      const lowest = -(2 ** (8 * bytesPerElement(dividend.dtype) - 1));
      if (dividend.numbers().includes(lowest) && divisor.numbers().includes(-1))
        throw new ShapeError(`${node.op}: ${lowest} is divided by -1, which no ${dividend.dtype} can hold`);
    }
    return evaluate(node, inputs, inference);
  };

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
  Div: divided(elementwise((a, b) => a / b)),
  Mod: divided((node, ...rest) => elementwise(remainder(node.attributes.fmod === 1))(node, ...rest)),
  Max: upTo32Bits(elementwise(Math.max)),
  Min: upTo32Bits(elementwise(Math.min)),
  Neg: elementwise((a) => -a),
  Abs: elementwise(Math.abs),
  Sign: upTo32Bits(elementwise(Math.sign)),
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
  QuantizeLinear: (_node, [x, scale, zero]) => {
    const [low, high] = byteRange(zero!.dtype);
    const round = (v: number) => halfToEven(Math.fround(v / scale!.scalar())) + zero!.scalar();
    return make(
      zero!.dtype,
      x!.shape,
      x!.numbers().map((v) => Math.min(Math.max(round(v), low), high)),
    );
  },
  Where: (node, [condition, a, b]) => {
    const { shape, dtype } = node.outputs[0]!;
    const [chosen, other] = [broadcastTo(a!, shape), broadcastTo(b!, shape)];
    return make(
      dtype,
      shape,
      broadcastTo(condition!, shape).map((c, i) => (c ? chosen : other)[i]!),
    );
  },
  Cast: (node, [x]) => {
    const to = dtypeOf(node.attributes.to as number)!;
    if (to === x!.dtype) return [x!];
    const numbers = x!.numbers();
    if (to === "bool")
      return make(
        to,
        x!.shape,
        numbers.map((v) => Number(v !== 0)),
      );
    const rounded = numbers.map(rounding(to));
    return fits(to, rounded) && fits(x!.dtype, numbers) ? make(to, x!.shape, rounded) : undefined;
  },
};
