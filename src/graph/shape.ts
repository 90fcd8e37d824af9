/** Static extents, outermost first; [] is a scalar. */
export type Shape = readonly number[];

/** Shapes do not fit an operator. The message names the operator and all its shapes. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

export const sizeOf = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

/** Multidirectional broadcast of ONNX and numpy. */
export function broadcast(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) throw new ShapeError(`${op}: shapes [${a}] and [${b}] do not broadcast`);
    return m === 1 ? n : m;
  });
}

/** Counts a negative axis from the end; refuses an axis out of range. */
export function normalizeAxis(op: string, axis: number, shape: Shape): number {
  const normalized = axis < 0 ? axis + shape.length : axis;
  if (!(normalized >= 0 && normalized < shape.length))
    throw new ShapeError(`${op}: axis ${axis} is out of range for shape [${shape}]`);
  return normalized;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}
