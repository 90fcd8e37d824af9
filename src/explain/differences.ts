import type { TensorData } from "../runtime/session.js";

type Numbers = TensorData["data"];

const number = (data: Numbers, i: number): number => Number(data[i]);

/** The largest |a − b| of two tensors' elements; equal infinities and two NaN do not differ. */
export function largestDifference(a: Numbers, b: Numbers): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [number(a, i), number(b, i)];
    if (Object.is(x, y) || x === y) continue;
    const difference = Math.abs(x - y);
    // NaN or infinite in one of them only.
    if (!Number.isFinite(difference)) return Number.POSITIVE_INFINITY;
    if (difference > largest) largest = difference;
  }
  return largest;
}

/** The largest finite |a| of a tensor. */
export function largestSize(a: Numbers): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const size = Math.abs(number(a, i));
    if (size > largest && size < Number.POSITIVE_INFINITY) largest = size;
  }
  return largest;
}
