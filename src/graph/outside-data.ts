import { InputError } from "../errors.js";
import { own } from "../own.js";
import { bytesPerElement, dtypeOf } from "./dtype.js";
import { ONNX, type TensorProto } from "./onnx-schema.js";
import { decodeMessage, encodeMessage, type Schema } from "./protobuf.js";
import { sizeOf } from "./shape.js";
import { BFLOAT16 } from "./single-precision.js";
import { EXTERNAL } from "./tensor-proto.js";
import { fieldsOf, headOf } from "./wire.js";

/** A tensor whose data is stored in another file than the model. */
export interface OutsideTensor {
  /** Name in messages: file and tensor. */
  readonly called: string;
  /** The file, relative to the model's folder. */
  readonly location: string;
  /** Place of the data in the file, in bytes. */
  readonly offset: number;
  readonly length: number;
  /** SHA-1 of the whole file, hexadecimal, where the model gives it. */
  readonly checksum: string | undefined;
}

/** A model with tensors whose data is stored in other files. */
export interface ScatteredModel {
  /** In the file's order. */
  readonly tensors: readonly OutsideTensor[];
  /** Size of the model with all data inside, in bytes. */
  readonly size: number;
  /** The model with all data inside: the data of `tensors[i]` belongs into `places[i]`, a view. */
  join(): { readonly bytes: Uint8Array; readonly places: readonly Uint8Array[] };
}

/**
 * Finds data outside of a model (TensorProto.external_data): of initializers, of attributes, in subgraphs and functions.
 * Everything else of the file stays as it is, byte for byte.
 * @param source the file's name in messages
 * @returns undefined for a model with all data inside
 * @throws InputError for files that are truncated or not ONNX, and for data that does not fit its tensor
 */
export function scatteredModel(bytes: Uint8Array, source: string): ScatteredModel | undefined {
  let model: Pieces;
  try {
    model = piecesOf("ModelProto", bytes, source);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${source}: truncated, or not an ONNX file`);
  }
  const tensors = model.pieces.filter((piece): piece is OutsideTensor => !(piece instanceof Uint8Array));
  if (tensors.length === 0) return undefined;
  return { tensors, size: model.size, join: () => join(model) };
}

/** A message as parts that follow each other: bytes of the file, and data that is not there yet. */
interface Pieces {
  readonly pieces: readonly (Uint8Array | OutsideTensor)[];
  readonly size: number;
}

/** Fields that lead to tensors, by message and number; the numbers are the standard's. */
const LEADS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  ModelProto: { 7: "GraphProto", 25: "FunctionProto" },
  GraphProto: { 1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto" },
  SparseTensorProto: { 1: "TensorProto", 2: "TensorProto" },
  FunctionProto: { 7: "NodeProto", 11: "AttributeProto" },
  NodeProto: { 5: "AttributeProto" },
  AttributeProto: {
    5: "TensorProto",
    6: "GraphProto",
    10: "TensorProto",
    11: "GraphProto",
    22: "SparseTensorProto",
    23: "SparseTensorProto",
  },
};

function piecesOf(type: string, bytes: Uint8Array, source: string): Pieces {
  if (type === "TensorProto") return tensorPieces(bytes, source);
  const pieces: (Uint8Array | OutsideTensor)[] = [];
  let size = 0;
  let kept = 0;
  const keepUntil = (end: number) => {
    if (end > kept) pieces.push(bytes.subarray(kept, end));
    size += end - kept;
  };
  for (const { tag, start, end, content } of fieldsOf(bytes)) {
    const inner = content && own(LEADS, type)![tag];
    if (inner === undefined) continue;
    const found = piecesOf(inner, content!, source);
    if (found.pieces.every((piece) => piece instanceof Uint8Array)) continue;
    keepUntil(start);
    kept = end;
    const head = headOf(tag, found.size);
    pieces.push(head, ...found.pieces);
    size += head.byteLength + found.size;
  }
  keepUntil(bytes.byteLength);
  return { pieces, size };
}

/** TensorProto without its data, which may be large. */
const { 1: DIMS, 2: DATA_TYPE, 8: NAME, 13: EXTERNAL_DATA, 14: DATA_LOCATION } = ONNX.TensorProto!;
const WITHOUT_DATA: Schema = {
  TensorProto: { 1: DIMS!, 2: DATA_TYPE!, 8: NAME!, 13: EXTERNAL_DATA!, 14: DATA_LOCATION! },
  StringStringEntryProto: ONNX.StringStringEntryProto!,
};
const RAW_DATA = 9;

/** A tensor with its data outside becomes one with raw data. */
function tensorPieces(bytes: Uint8Array, source: string): Pieces {
  const proto = decodeMessage(WITHOUT_DATA, "TensorProto", bytes) as unknown as TensorProto;
  if (proto.dataLocation !== EXTERNAL) return { pieces: [bytes], size: bytes.byteLength };
  const tensor = outsideTensor(
    proto,
    `${source}: ${proto.name ? `tensor "${proto.name}"` : "a tensor without a name"}`,
  );
  const { dims, dataType, name } = proto;
  const start = encodeMessage(WITHOUT_DATA, "TensorProto", { dims, dataType, name });
  const head = headOf(RAW_DATA, tensor.length);
  return { pieces: [start, head, tensor], size: start.byteLength + head.byteLength + tensor.length };
}

/** Linux's PATH_MAX. */
const LONGEST_NAME = 4096;

/** Keys of external_data: location, and where given offset (default 0), length (default what the tensor needs), checksum. */
function outsideTensor({ dims, dataType = 0, externalData }: TensorProto, called: string): OutsideTensor {
  const given = new Map(externalData.map(({ key = "", value = "" }) => [key, value]));
  const location = given.get("location");
  if (!location) throw new InputError(`${called}: its data is stored outside the model, without the file's name`);
  if (/\p{Cc}/u.test(location) || location.length > LONGEST_NAME)
    throw new InputError(`${called}: its data is stored outside the model, in a file whose name cannot be one`);
  if (dims.some((d) => d < 0)) throw new InputError(`${called}: shape [${dims}] has a negative extent`);
  // Of bfloat16 only the bytes are asked for here.
  const dtype = dataType === BFLOAT16 ? "uint16" : dtypeOf(dataType);
  if (!dtype) throw new InputError(`${called}: element type ${dataType} is not supported`);
  const needed = sizeOf(dims) * bytesPerElement(dtype);
  if (!Number.isSafeInteger(needed)) throw new InputError(`${called}: shape [${dims}] is larger than any file`);
  const stated = given.get("length");
  const length = stated === undefined ? needed : numberOf(stated, "length", called);
  if (length !== needed)
    throw new InputError(
      `${called}: a ${dtype} tensor of shape [${dims}] needs ${needed} bytes and has ${length} bytes in ${location}`,
    );
  const offset = numberOf(given.get("offset") ?? "0", "offset", called);
  return { called, location, offset, length, checksum: given.get("checksum") };
}

function numberOf(text: string, key: string, called: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new InputError(`${called}: ${key} "${text}" of its data outside, expected a number of bytes, 0 or more`);
}

function join({ pieces, size }: Pieces): { bytes: Uint8Array; places: Uint8Array[] } {
  const bytes = new Uint8Array(size);
  const places: Uint8Array[] = [];
  let position = 0;
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      bytes.set(piece, position);
      position += piece.byteLength;
    } else {
      places.push(bytes.subarray(position, position + piece.length));
      position += piece.length;
    }
  }
  return { bytes, places };
}
