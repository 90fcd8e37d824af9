import { bytesPerElement, DTYPES, type DType } from "./dtype.js";
import { type Shape, sizeOf } from "./shape.js";

/**
 * A constant tensor: element type, shape and the raw little-endian bytes, never copied on the way from a file to a
 * file.
 */
export class Literal {
  constructor(
    readonly dtype: DType,
    readonly shape: Shape,
    readonly bytes: Uint8Array,
  ) {
    const expected = sizeOf(shape) * bytesPerElement(dtype);
    if (bytes.byteLength !== expected)
      throw new RangeError(
        `a ${dtype} tensor of shape [${shape}] needs ${expected} bytes and has ${bytes.byteLength} bytes of data`,
      );
  }

  /**
   * From numbers, converted to `dtype`. 64-bit integers saturate: 2⁶³, which is INT64_MAX as a number, becomes
   * INT64_MAX again.
   * @throws RangeError for float16, which is only read from files, for a fraction in a 64-bit integer, and for a shape
   * that the values do not fill
   */
  static from(dtype: DType, shape: Shape, values: ArrayLike<number>): Literal {
    if (dtype === "float16") throw new RangeError("float16 literals are read from files only");
    const { array } = DTYPES[dtype];
    const data =
      array === BigInt64Array || array === BigUint64Array
        ? array.from(Array.from(values, (value) => saturated(BigInt(value), dtype === "int64")))
        : new (array as typeof Float32Array)(values);
    return new Literal(dtype, shape, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** The elements as numbers, in row-major order. Integers beyond 2⁵³ are rounded. */
  numbers(): Float64Array {
    const { array } = DTYPES[this.dtype];
    if (this.dtype === "float16") return Float64Array.from(new Uint16Array(this.#aligned()), halfToNumber);
    if (array === BigInt64Array || array === BigUint64Array)
      return Float64Array.from(new array(this.#aligned()) as BigInt64Array, Number);
    return new Float64Array(new (array as typeof Float32Array)(this.#aligned()));
  }

  /** The one element of a scalar or one-element tensor. */
  scalar(): number {
    if (this.size !== 1) throw new RangeError(`expected one element, found shape [${this.shape}]`);
    return this.numbers()[0]!;
  }

  #aligned(): ArrayBuffer {
    const { buffer, byteOffset, byteLength } = this.bytes;
    return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  }
}

function saturated(x: bigint, signed: boolean): bigint {
  const most = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n;
  return x > most ? most : x;
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
