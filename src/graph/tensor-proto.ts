import { InputError } from "../errors.js";
import { DTYPES, dtypeOf } from "./dtype.js";
import { Literal } from "./literal.js";
import type { TensorProto } from "./onnx-schema.js";
import { type Shape, sizeOf } from "./shape.js";

const EXTERNAL = 1;
const INT64_LIMIT = 2n ** 63n;

/** Reads a TensorProto; raw data stays a view into the file. `where` names the tensor in messages. */
export function literalOf(proto: TensorProto, where: string): Literal {
  const shape: Shape = proto.dims;
  if (proto.dataLocation === EXTERNAL || proto.externalData.length > 0) {
    const file = proto.externalData.find((entry) => entry.key === "location")?.value ?? "another file";
    throw new InputError(
      `${where}: its data is stored outside the model, in ${file}; save the model with all data inside`,
    );
  }
  const dtype = dtypeOf(proto.dataType ?? 0);
  if (!dtype) throw new InputError(`${where}: element type ${proto.dataType ?? 0} is not supported`);
  try {
    if (proto.rawData) return new Literal(dtype, shape, proto.rawData);
    return fromTypedFields(proto, dtype, shape);
  } catch (error) {
    if (error instanceof RangeError) throw new InputError(`${where}: ${error.message}`);
    throw error;
  }
}

function fromTypedFields(proto: TensorProto, dtype: keyof typeof DTYPES, shape: Shape): Literal {
  const { array } = DTYPES[dtype];
  const bytesOf = (data: ArrayBufferView) => new Literal(dtype, shape, new Uint8Array(data.buffer as ArrayBuffer));
  if (array === BigInt64Array || array === BigUint64Array) {
    const numbers = dtype === "int64" ? proto.int64Data : proto.uint64Data;
    // Varints beyond 2⁵³ arrive rounded: INT64_MAX (an open slice end) must not wrap to a negative number.
    const clamp = (x: bigint) => (dtype === "int64" && x >= INT64_LIMIT ? INT64_LIMIT - 1n : x);
    return bytesOf(array.from(numbers.map((x) => clamp(BigInt(x)))));
  }
  const numbers =
    dtype === "float32"
      ? proto.floatData
      : dtype === "float64"
        ? proto.doubleData
        : dtype === "uint32"
          ? proto.uint64Data
          : proto.int32Data;
  if (numbers.length === 0 && sizeOf(shape) > 0) throw new RangeError(`shape [${shape}] has no data`);
  return bytesOf((array as typeof Float32Array).from(numbers));
}
