import { apply } from "../../graph/apply.js";
import { add, cast, concat, div, log, mul, reshape, scalar, slice, sqrt } from "../../graph/build.js";
import { type Shape, sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";

/**
 * Noise computed from a key: the same key gives the same numbers on every machine and in every run. A 32-bit hash of
 * the element's index and the key, in int64 arithmetic, gives uniform numbers, and Box–Muller makes them normal.
 */

const MASK = 2 ** 32 - 1;
const int = (x: number): Value => scalar(x, "int64");
const low32 = (x: Value): Value => apply("BitwiseAnd", [x, int(MASK)]);
const shiftXor = (x: Value, bits: number): Value => apply("BitwiseXor", [x, div(x, int(2 ** bits))]);
/** Modulo 2³². Factors above 2³¹ are taken as negative, so that products stay within 64 bits. */
const times = (x: Value, factor: number): Value => low32(mul(x, int(factor >= 2 ** 31 ? factor - 2 ** 32 : factor)));

/** Mixes the bits of numbers in [0, 2³²): C. Wellons' `lowbias32`, bias 0.17 of the best possible. */
const mix = (x: Value): Value => shiftXor(times(shiftXor(times(shiftXor(x, 16), 0x7feb352d), 15), 0x846ca68b), 16);

/** Key of one step of one stream, or of several: int64 in [0, 2³²), of the shape of `step`. */
export const keyOf = (seed: number, stream: number, step: Value): Value =>
  mix(low32(add(mix(low32(add(mix(int(seed % 2 ** 32)), int(stream)))), step)));

/** Uniform numbers above 0 and below 1, float32 [count]; of keys [n, 1] each has its own row, [n, count]. */
export function uniforms(count: number, key: Value): Value {
  const counter = mix(apply("Range", [int(0), int(count), int(1)]));
  // 23 bits plus a half: exact in float32, above 0 and below 1.
  const bits = div(mix(low32(add(counter, key))), int(2 ** 9));
  return mul(add(cast(bits, "float32"), 0.5), 2 ** -23);
}

/** Standard normal numbers of any shape, float32. */
export function normals(shape: Shape, key: Value): Value {
  const size = sizeOf(shape);
  const pairs = Math.ceil(size / 2);
  const uniform = uniforms(2 * pairs, key);
  const radius = sqrt(mul(log(slice(uniform, 0, 0, pairs)), -2));
  const angle = mul(slice(uniform, 0, pairs, 2 * pairs), 2 * Math.PI);
  const both = concat([mul(radius, apply("Cos", [angle])), mul(radius, apply("Sin", [angle]))], 0);
  return reshape(slice(both, 0, 0, size), shape);
}
