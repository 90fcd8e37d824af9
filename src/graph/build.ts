import { apply, applyNode } from "./apply.js";
import { DTYPES, type DType } from "./dtype.js";
import { Literal } from "./literal.js";
import { resolveReshape } from "./operators/structural.js";
import { type Shape, sameShape, sizeOf } from "./shape.js";
import { Node, type Value } from "./value.js";

/**
 * Typed constructors: each infers its shape and refuses inputs that do not fit (ShapeError). Numbers become scalars.
 */

export type Operand = Value | number;

/** A graph input. */
export const input = (name: string, dtype: DType, shape: Shape): Value =>
  new Node("Input", [], {}, [{ dtype, shape, name }], name).outputs[0]!;

/** A constant from a literal, or from numbers in row-major order. */
export function constant(literal: Literal, name?: string): Value {
  return new Node("Initializer", [], {}, [{ dtype: literal.dtype, shape: literal.shape, name }], name ?? "", literal)
    .outputs[0]!;
}

export const tensor = (dtype: DType, shape: Shape, values: ArrayLike<number>): Value =>
  constant(Literal.from(dtype, shape, values));

export const scalar = (value: number, dtype: DType = "float32"): Value => tensor(dtype, [], [value]);

export const int64 = (values: readonly number[]): Value => tensor("int64", [values.length], values);

export const zeros = (shape: Shape, dtype: DType = "float32"): Value => full(shape, 0, dtype);

/** A constant of one repeated number; kept as one element broadcast by Expand where it is large. */
export function full(shape: Shape, value: number, dtype: DType = "float32"): Value {
  if (sizeOf(shape) > 4096) return apply("Expand", [scalar(value, dtype), int64(shape)]);
  return tensor(dtype, shape, new Float64Array(sizeOf(shape)).fill(value));
}

function operands(a: Operand, b: Operand): [Value, Value] {
  const like = typeof a === "number" ? b : a;
  const dtype = typeof like === "number" ? "float32" : like.dtype;
  const lift = (x: Operand) => (typeof x === "number" ? scalar(x, dtype) : x);
  return [lift(a), lift(b)];
}

/** True where every element is known to be this number. */
const isNumber = (x: Operand, n: number): boolean =>
  typeof x === "number" ? x === n : x.literal?.size === 1 && x.shape.length === 0 && x.literal.scalar() === n;

const binary = (op: string) => (a: Operand, b: Operand) => apply(op, operands(a, b));
const unary = (op: string) => (x: Value) => apply(op, [x]);

export const add = (a: Operand, b: Operand): Value =>
  isNumber(b, 0) && typeof a !== "number" ? a : isNumber(a, 0) && typeof b !== "number" ? b : binary("Add")(a, b);
export const mul = (a: Operand, b: Operand): Value =>
  isNumber(b, 1) && typeof a !== "number" ? a : isNumber(a, 1) && typeof b !== "number" ? b : binary("Mul")(a, b);
export const sub = (a: Operand, b: Operand): Value =>
  isNumber(b, 0) && typeof a !== "number" ? a : binary("Sub")(a, b);
export const div = (a: Operand, b: Operand): Value =>
  isNumber(b, 1) && typeof a !== "number" ? a : binary("Div")(a, b);
export const greater = binary("Greater");
export const less = binary("Less");
export const lessOrEqual = binary("LessOrEqual");
export const equal = binary("Equal");
export const maximum = binary("Max");
export const minimum = binary("Min");
export const logicalAnd = (a: Value, b: Value): Value => apply("And", [a, b]);
export const logicalNot = unary("Not");
export const neg = unary("Neg");
export const abs = unary("Abs");
export const sign = unary("Sign");
export const exp = unary("Exp");
export const log = unary("Log");
export const sqrt = unary("Sqrt");
export const relu = unary("Relu");
export const tanh = unary("Tanh");
export const sigmoid = unary("Sigmoid");
export const identity = unary("Identity");
export const square = (x: Value): Value => mul(x, x);
export const softmax = (x: Value, axis = -1): Value => apply("Softmax", [x], { axis });
export const cast = (x: Value, to: DType): Value => (x.dtype === to ? x : apply("Cast", [x], { to: DTYPES[to].onnx }));

export function where(condition: Value, a: Operand, b: Operand): Value {
  return apply("Where", [condition, ...operands(a, b)]);
}

/** `numerator / denominator` for a denominator ≥ 0; 0/0 is 0. Finite while the numerator is below 10⁸. */
export const safeDivide = (numerator: Value, denominator: Value): Value => div(numerator, maximum(denominator, 1e-30));

export function reshape(x: Value, shape: Shape): Value {
  const target = resolveReshape(x.shape, shape, true);
  return sameShape(x.shape, target) ? x : apply("Reshape", [x, int64(target)], { allowzero: 1 });
}

export function transpose(x: Value, perm: readonly number[]): Value {
  return perm.every((axis, i) => axis === i) ? x : apply("Transpose", [x], { perm });
}

/** Swaps the last two axes. */
export function matrixTranspose(x: Value): Value {
  const rank = x.shape.length;
  return transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

export const expand = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : apply("Expand", [x, int64(shape)]);

export const concat = (values: readonly Value[], axis: number): Value =>
  values.length === 1 ? values[0]! : apply("Concat", values, { axis });

/** Elements start, start + step, … before `end` along one axis. */
export function slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
  if (start === 0 && end === x.shape[axis] && step === 1) return x;
  return apply("Slice", [x, int64([start]), int64([end]), int64([axis]), int64([step])]);
}

/**
 * A window of fixed extents that starts at places computed at run time, int64 [axes], each within the tensor. Its shape is
 * written down again behind it, because runtimes cannot infer it.
 */
export function windowAt(x: Value, axes: readonly number[], starts: Value, extents: readonly number[]): Value {
  const ends = add(starts, int64(extents));
  const cut = apply("Slice", [x, starts, ends, int64(axes)]);
  return apply("Reshape", [cut, int64(cut.shape)], { allowzero: 1 });
}

/** The opposite of `windowAt`: a window at its place in a tensor of zeros with these extents along the axes. */
export function placedAt(x: Value, axes: readonly number[], starts: Value, extents: readonly number[]): Value {
  return axes.reduce((value, axis, k) => {
    const room = extents[k]! - value.shape[axis]!;
    const start = sub(int64([room]), slice(starts, 0, k, k + 1));
    return windowAt(padAxis(value, axis, room, room), [axis], start, [extents[k]!]);
  }, x);
}

/** Zeros before and after along one axis. */
export function padAxis(x: Value, axis: number, before: number, after: number): Value {
  if (before === 0 && after === 0) return x;
  const pads = new Array<number>(2 * x.shape.length).fill(0);
  pads[axis] = before;
  pads[axis + x.shape.length] = after;
  return apply("Pad", [x, int64(pads)]);
}

export function split(x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  return applyNode("Split", [x, int64(sizes)], { axis }, { outputCount: sizes.length }).outputs;
}

const reduce = (op: string) => (x: Value, axes: readonly number[], keepdims: boolean) =>
  axes.length === 0 ? x : apply(op, [x, int64(axes)], { keepdims: keepdims ? 1 : 0 });
const allAxes = (x: Value) => x.shape.map((_, i) => i);

/** Sum over `axes` (all by default); the axes stay with extent 1 only where `keepdims`. */
export const sum = (x: Value, axes: readonly number[] = allAxes(x), keepdims = false): Value =>
  reduce("ReduceSum")(x, axes, keepdims);
export const mean = (x: Value, axes: readonly number[] = allAxes(x), keepdims = false): Value =>
  reduce("ReduceMean")(x, axes, keepdims);
export const reduceMax = (x: Value, axes: readonly number[] = allAxes(x), keepdims = false): Value =>
  reduce("ReduceMax")(x, axes, keepdims);

export const matmul = (a: Value, b: Value): Value => apply("MatMul", [a, b]);

/** Geometry of a convolution; pads are [begin…, end…] over the spatial axes. */
export interface ConvGeometry {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly group: number;
}

export function conv(x: Value, weight: Value, geometry: Partial<ConvGeometry> = {}, bias?: Value): Value {
  return apply("Conv", bias ? [x, weight, bias] : [x, weight], { ...geometry });
}
