import { own } from "../own.js";
import { DTYPES } from "./dtype.js";
import { Literal } from "./literal.js";
import { type AttributeProto, ONNX, type TensorProto } from "./onnx-schema.js";
import { decodeMessage, encodeMessage } from "./protobuf.js";
import { fieldsOf, headOf, rewritten } from "./wire.js";

/** TensorProto.DataType of what is computed in float32 here. */
const FLOAT16 = DTYPES.float16.onnx;
export const BFLOAT16 = 16;
const isHalf = (type: number | undefined): boolean => type === FLOAT16 || type === BFLOAT16;

/** Fields that lead to element types, by message and number; the numbers are the standard's. */
const LEADS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  ModelProto: { 7: "GraphProto", 25: "FunctionProto" },
  FunctionProto: { 7: "NodeProto", 11: "AttributeProto", 12: "ValueInfoProto" },
  GraphProto: { 1: "NodeProto", 5: "TensorProto", 11: "ValueInfoProto", 12: "ValueInfoProto", 13: "ValueInfoProto" },
  NodeProto: { 5: "AttributeProto" },
  AttributeProto: { 5: "TensorProto", 6: "GraphProto", 10: "TensorProto", 11: "GraphProto" },
  ValueInfoProto: { 2: "TypeProto" },
  TypeProto: { 1: "TensorTypeProto" },
};

/** Attributes that name an element type, and the operators that have them. */
const TYPED: Readonly<Record<string, string>> = { to: "Cast", dtype: "EyeLike" };

/**
 * An ONNX file with weights, inputs, outputs and casts of float16 and bfloat16 as float32: the same network with the same
 * weights, without the rounding of half precision between its nodes. A file without any stays the same object, and so do
 * bytes that are not ONNX: the reader says what is wrong with them.
 */
export function inSinglePrecision(bytes: Uint8Array): Uint8Array {
  try {
    return changed("ModelProto", bytes, "");
  } catch {
    return bytes;
  }
}

function changed(type: string, bytes: Uint8Array, operator: string): Uint8Array {
  if (type === "TensorProto") return tensor(bytes);
  if (type === "TensorTypeProto") return tensorType(bytes);
  const op = type === "NodeProto" ? operatorOf(bytes) : operator;
  const message = type === "AttributeProto" ? attribute(bytes, op) : bytes;
  const leads = own(LEADS, type)!;
  const changes = Object.entries(leads).map(
    ([tag, inner]) => [tag, (content: Uint8Array) => changed(inner, content, op)] as const,
  );
  return rewritten(message, Object.fromEntries(changes));
}

const OPERATOR = 4;

function operatorOf(node: Uint8Array): string {
  for (const { tag, content } of fieldsOf(node))
    if (tag === OPERATOR && content) return new TextDecoder().decode(content);
  return "";
}

/** Cast to half precision becomes one to float32. */
function attribute(bytes: Uint8Array, op: string): Uint8Array {
  if (bytes.byteLength > 64) return bytes;
  const proto = decodeMessage(ONNX, "AttributeProto", bytes) as unknown as AttributeProto;
  const { name = "", i, type } = proto;
  return own(TYPED, name) === op && isHalf(i)
    ? encodeMessage(ONNX, "AttributeProto", { name, i: DTYPES.float32.onnx, type })
    : bytes;
}

function tensorType(bytes: Uint8Array): Uint8Array {
  const proto = decodeMessage(ONNX, "TensorTypeProto", bytes) as { elemType?: number };
  return isHalf(proto.elemType)
    ? encodeMessage(ONNX, "TensorTypeProto", { ...proto, elemType: DTYPES.float32.onnx })
    : bytes;
}

function tensor(bytes: Uint8Array): Uint8Array {
  const proto = decodeMessage(ONNX, "TensorProto", bytes) as unknown as TensorProto;
  if (!isHalf(proto.dataType)) return bytes;
  const { dims, name, rawData, int32Data } = proto;
  const bits = rawData ? new Uint16Array(aligned(rawData)) : Uint16Array.from(int32Data);
  const values = NUMBERS[proto.dataType as 10 | 16]();
  const single = new Uint8Array(Float32Array.from(bits, (half) => values[half]!).buffer);
  const head = encodeMessage(ONNX, "TensorProto", { dims, dataType: DTYPES.float32.onnx, name });
  const start = headOf(RAW_DATA, single.byteLength);
  const whole = new Uint8Array(head.byteLength + start.byteLength + single.byteLength);
  whole.set(head);
  whole.set(start, head.byteLength);
  whole.set(single, head.byteLength + start.byteLength);
  return whole;
}

const RAW_DATA = 9;
const aligned = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  buffer.slice(byteOffset, byteOffset + byteLength - (byteLength % 2)) as ArrayBuffer;

const HALVES = 2 ** 16;

/** The number that each 16 bits stand for. */
const once = (of: () => Float32Array) => {
  let made: Float32Array | undefined;
  return () => {
    made ??= of();
    return made;
  };
};
const NUMBERS = {
  [FLOAT16]: once(() => {
    const all = Uint16Array.from({ length: HALVES }, (_, bits) => bits);
    return Float32Array.from(new Literal("float16", [HALVES], new Uint8Array(all.buffer)).numbers());
  }),
  // The upper half of a float32.
  [BFLOAT16]: once(() => new Float32Array(Uint32Array.from({ length: HALVES }, (_, bits) => bits << 16).buffer)),
};
