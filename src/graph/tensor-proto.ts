import { InputError } from "../errors.js";
import { type DType, dtypeOf } from "./dtype.js";
import { Literal } from "./literal.js";
import type { TensorProto } from "./onnx-schema.js";
import { type Shape, sizeOf } from "./shape.js";

/** TensorProto.DataLocation of data in another file. */
export const EXTERNAL = 1;

/** Reads a TensorProto; raw data stays a view into the file. `where` names the tensor in messages. */
export function literalOf(proto: TensorProto, where: string): Literal {
  const shape: Shape = proto.dims;
  if (shape.some((d) => d < 0)) throw new InputError(`${where}: shape [${shape}] has a negative extent`);
  if (proto.dataLocation === EXTERNAL) {
    const file = proto.externalData.find((entry) => entry.key === "location")?.value ?? "another file";
    throw new InputError(
      `${where}: its data is stored outside the model, in ${file}; ` +
        "load the policy by its path, or save it with all data inside",
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

function fromTypedFields(proto: TensorProto, dtype: DType, shape: Shape): Literal {
  const numbers = proto[FIELD[dtype] ?? "int32Data"];
  if (numbers.length !== sizeOf(shape))
    throw new RangeError(`a ${dtype} tensor of shape [${shape}] has ${numbers.length} elements of data`);
  // The bits of a float16 are stored as an integer.
  if (dtype !== "float16") return Literal.from(dtype, shape, numbers);
  return new Literal(dtype, shape, new Uint8Array(Uint16Array.from(numbers).buffer));
}

/** Typed fields; all other element types use `int32Data`. Varints beyond 2⁵³ arrive rounded. */
const FIELD: Partial<Record<DType, "floatData" | "doubleData" | "int64Data" | "uint64Data">> = {
  float32: "floatData",
  float64: "doubleData",
  int64: "int64Data",
  uint32: "uint64Data",
  uint64: "uint64Data",
};
