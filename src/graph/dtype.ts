/** Element types by their ONNX TensorProto.DataType number, size in bytes and typed array of the raw form. */
export const DTYPES = {
  float32: { onnx: 1, array: Float32Array },
  uint8: { onnx: 2, array: Uint8Array },
  int8: { onnx: 3, array: Int8Array },
  uint16: { onnx: 4, array: Uint16Array },
  int16: { onnx: 5, array: Int16Array },
  int32: { onnx: 6, array: Int32Array },
  int64: { onnx: 7, array: BigInt64Array },
  bool: { onnx: 9, array: Uint8Array },
  float16: { onnx: 10, array: Uint16Array },
  float64: { onnx: 11, array: Float64Array },
  uint32: { onnx: 12, array: Uint32Array },
  uint64: { onnx: 13, array: BigUint64Array },
} as const;

export type DType = keyof typeof DTYPES;

/** Element types with gradients and relevance. */
export const isFloat = (dtype: DType): boolean => dtype === "float32" || dtype === "float64";

export const bytesPerElement = (dtype: DType): number => DTYPES[dtype].array.BYTES_PER_ELEMENT;

/** Least and largest of the bytes that a value is quantised to. */
export const byteRange = (dtype: DType): readonly [low: number, high: number] =>
  dtype === "int8" ? [-128, 127] : [0, 255];

/**
 * The element type with this ONNX number, or undefined where torquelens does not support it (strings, complex, 4 and 8
 * bit floats).
 */
export function dtypeOf(onnx: number): DType | undefined {
  for (const [name, entry] of Object.entries(DTYPES)) if (entry.onnx === onnx) return name as DType;
  return undefined;
}
