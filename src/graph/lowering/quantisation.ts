import { apply } from "../apply.js";
import { cast, constant, div, matmul, mul, reshape, scalar, sub } from "../build.js";
import { type DType, isFloat } from "../dtype.js";
import { Literal } from "../literal.js";
import { normalizeAxis, ShapeError, sizeOf } from "../shape.js";
import type { Attributes, Value } from "../value.js";
import type { Lowering, LoweringTable } from "./lowering.js";

/** (x − zero point) · scale, both for the whole tensor or along an axis. Whole numbers stand in x and zero point. */
const dequantized: Lowering = ({ inputs: [x, scale, zero], attributes }) => {
  if (!x || !scale) throw new ShapeError("DequantizeLinear: expected an input and a scale");
  if (attributes.block_size) throw new ShapeError("DequantizeLinear: scales in blocks are not supported");
  const axis = (attributes.axis as number | undefined) ?? 1;
  const parts = (value: Value) => alongAxis("DequantizeLinear", value, x, axis);
  const whole = cast(x, scale.dtype);
  const centred = zero && !isZero(zero) ? sub(whole, cast(parts(zero), scale.dtype)) : whole;
  return [mul(centred, parts(scale))];
};

/**
 * A convolution or matrix product of quantised numbers. Their sums are whole numbers, exact in float32 below 2²⁴; one
 * factor brings them to steps of the result, as onnxruntime has it, so that the same ones are rounded up.
 */
const quantised =
  (compute: (of: Operands) => Value, channels: (rank: number) => Channels): Lowering =>
  ({ op, inputs, attributes }) => {
    const [x, xScale, xZero, w, wScale, wZero, scale, zero, bias] = inputs as readonly (Value | undefined)[];
    if (!x || !xScale || !w || !wScale || !scale || !zero)
      throw new ShapeError(`${op}: expected two operands and a result with scales and zero points`);
    const { ofWeight, ofResult } = channels(w.shape.length);
    const steps = { x: centred(op, x, xZero, 0), w: centred(op, w, wZero, ofWeight) };
    const sums = compute({ ...steps, bias: bias && cast(bias, "float32"), attributes });
    const factor = div(mul(scalarOf(xScale), alongAxis(op, wScale, w, ofWeight)), scalarOf(scale));
    const each = sums.shape.map((extent, axis) => (axis === ofResult ? extent : 1));
    const y = mul(sums, sizeOf(factor.shape) === 1 ? reshape(factor, []) : reshape(factor, each));
    return [apply("QuantizeLinear", [y, scalar(1), scalarOf(zero)])];
  };

interface Operands {
  readonly x: Value;
  readonly w: Value;
  readonly bias: Value | undefined;
  readonly attributes: Attributes;
}

/** The axes of a weight and of the result that a scale for each channel stands along. */
interface Channels {
  readonly ofWeight: number;
  readonly ofResult: number;
}

/** Sums of products of whole numbers, which their types hold. The last input's zero points may lie along its channels. */
const integerSums =
  (compute: (of: Operands) => Value, channels: (rank: number) => Channels): Lowering =>
  ({ op, inputs: [x, w, xZero, wZero], attributes }) => {
    if (!x || !w) throw new ShapeError(`${op}: expected two operands`);
    const { ofWeight } = channels(w.shape.length);
    const steps = { x: centred(op, x, xZero, -2), w: centred(op, w, wZero, ofWeight) };
    return [cast(compute({ ...steps, bias: undefined, attributes }), "int32")];
  };

/** Whole numbers of floating point that an integer was made of, where a Cast back gives just these. */
export function uncast(integer: Value | undefined, to: DType | undefined): Value | undefined {
  if (integer?.node.op !== "Cast") return undefined;
  const from = integer.node.inputs[0]!;
  return from.dtype === to && isWhole(from) ? from : undefined;
}

/** True for numbers that are whole by how they are made. */
function isWhole({ node, dtype, literal }: Value): boolean {
  if (literal) return literal.numbers().every(Number.isInteger);
  if (node.op === "Cast") return !isFloat(node.inputs[0]!.dtype) || isWhole(node.inputs[0]!);
  if (!isFloat(dtype)) return true;
  return WHOLE.has(node.op) && node.inputs.every((value) => !value || isWhole(value));
}

/** Operators that make whole numbers of whole numbers. */
const WHOLE: ReadonlySet<string> = new Set(["MatMul", "Conv", "Sub"]);

/** Whole numbers from their zero point, as float32. */
function centred(op: string, x: Value, zero: Value | undefined, axis: number): Value {
  const whole = cast(x, "float32");
  return zero && !isZero(zero) ? sub(whole, cast(alongAxis(op, zero, x, axis), "float32")) : whole;
}

/** A layer between whole numbers, and where its channels are. */
type Whole = Parameters<typeof quantised>;

const CONV: Whole = [
  ({ x, w, bias, attributes }) => apply("Conv", bias ? [x, w, bias] : [x, w], attributes),
  () => ({ ofWeight: 0, ofResult: 1 }),
];
const MATMUL: Whole = [({ x, w }) => matmul(x, w), (rank) => ({ ofWeight: rank - 1, ofResult: rank - 1 })];

export const QUANTISED_LOWERING: LoweringTable = {
  DequantizeLinear: dequantized,
  QLinearConv: quantised(...CONV),
  QLinearMatMul: quantised(...MATMUL),
  ConvInteger: integerSums(...CONV),
  MatMulInteger: integerSums(...MATMUL),
};

const scalarOf = (value: Value): Value =>
  value.literal?.size === 1 ? constant(relabelled(value.literal, [])) : reshape(value, []);

/** A scalar, or [n] that broadcasts to x along an axis. */
export function alongAxis(op: string, value: Value, x: Value, axis: number): Value {
  if (sizeOf(value.shape) === 1) return scalarOf(value);
  const at = normalizeAxis(op, axis, x.shape);
  if (value.shape.length !== 1 || value.shape[0] !== x.shape[at])
    throw new ShapeError(`${op}: [${value.shape}] does not fit axis ${axis} of [${x.shape}]`);
  return reshape(
    value,
    x.shape.map((extent, i) => (i === at ? extent : 1)),
  );
}

const relabelled = ({ dtype, bytes }: Literal, shape: readonly number[]) => new Literal(dtype, shape, bytes);

const isZero = ({ literal }: Value): boolean => literal?.numbers().every((x) => x === 0) ?? false;
