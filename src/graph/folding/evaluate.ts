import type { DType } from "../dtype.js";
import { Literal } from "../literal.js";
import type { Inference } from "../operators/spec.js";
import { type Shape, sameShape, sizeOf, stridesOf } from "../shape.js";
import type { Node } from "../value.js";

/** Helpers of all evaluators of constants. */

export type Evaluate = (
  node: Node,
  inputs: readonly (Literal | undefined)[],
  inference: Inference,
) => Literal[] | undefined;
export type EvaluateTable = Readonly<Record<string, Evaluate>>;

export const isInteger = (dtype: DType): boolean => /^u?int/.test(dtype);

/** Rounds to an element type, as a runtime does after every operation. */
export function rounding(dtype: DType): (x: number) => number {
  if (dtype === "float32") return Math.fround;
  return isInteger(dtype) ? Math.trunc : (x) => x;
}

/**
 * True where all numbers are exact in an element type. Others overflow, each runtime in its own way, or are integers
 * beyond 2⁵³: they are left to the runtime.
 */
export function fits(dtype: DType, values: Float64Array): boolean {
  if (!isInteger(dtype)) return true;
  const bits = Number(/\d+/.exec(dtype)![0]);
  const exact = Number.MAX_SAFE_INTEGER;
  const [low, high] = dtype.startsWith("u") ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  return values.every((x) => x >= Math.max(low, -exact) && x <= Math.min(high, exact));
}

/** An evaluation that is left to the runtime for integers beyond 32 bits: onnxruntime compares them by their low half. */
export const upTo32Bits =
  (evaluate: Evaluate): Evaluate =>
  (node, inputs, inference) =>
    inputs.every((literal) => !literal?.dtype.endsWith("int64") || fits("int32", literal.numbers()))
      ? evaluate(node, inputs, inference)
      : undefined;

export const make = (dtype: DType, shape: Shape, values: ArrayLike<number>) => [Literal.from(dtype, shape, values)];

/** Reads `source` at every index of a `shape`d result: offset + Σ index·step. */
export function strided(source: ArrayLike<number>, shape: Shape, steps: readonly number[], offset = 0): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  const last = shape.length - 1;
  const [run, step] = last < 0 ? [1, 0] : [shape[last]!, steps[last]!];
  let at = offset;
  for (let i = 0; i < out.length; ) {
    for (let j = 0; j < run; j++) out[i++] = source[at + j * step]!;
    for (let axis = last - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      at += steps[axis]!;
      if (index[axis]! < shape[axis]!) break;
      at -= steps[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** The elements of `literal` broadcast to `shape`. */
export function broadcastTo(literal: Literal, shape: Shape): Float64Array {
  if (sameShape(literal.shape, shape)) return literal.numbers();
  const strides = stridesOf(literal.shape);
  const extra = shape.length - literal.shape.length;
  const steps = shape.map((_, i) => (i < extra || literal.shape[i - extra] === 1 ? 0 : strides[i - extra]!));
  return strided(literal.numbers(), shape, steps);
}

/** For each element of `shape`, its index in the shape whose reduced axes have extent 1. */
export function reducedPositions(shape: Shape, axes: readonly number[]): Float64Array {
  const kept = shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const strides = stridesOf(kept).map((s, i) => (axes.includes(i) ? 0 : s));
  return strided(
    Float64Array.from({ length: sizeOf(kept) }, (_, i) => i),
    shape,
    strides,
  );
}
