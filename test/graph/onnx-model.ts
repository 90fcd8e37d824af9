import * as ort from "onnxruntime-node";
import { DTYPES, type DType } from "#src/graph/dtype.js";
import { ATTRIBUTE_TYPE, ONNX } from "#src/graph/onnx-schema.js";
import { encodeMessage, type Message } from "#src/graph/protobuf.js";

/** Models written field by field, not by `writeModel`, so that they may be wrong in any way. */

/** Attribute values; a float is marked, since every number of JavaScript could be one. */
export type AttributeValue = number | string | readonly number[] | { readonly float: number } | Message;

export interface NodeText {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly name?: string;
  readonly domain?: string;
}

export interface ModelText {
  readonly nodes?: readonly NodeText[];
  readonly inputs?: readonly Message[];
  readonly outputs?: readonly Message[];
  readonly initializers?: readonly Message[];
  readonly opset?: number;
  readonly ir?: number;
  /** Further fields of ModelProto and GraphProto. */
  readonly model?: Message;
  readonly graph?: Message;
}

export function modelBytes(text: ModelText): Uint8Array {
  const { nodes = [], inputs = [], outputs = [], initializers = [], opset = 18, ir = 8 } = text;
  return encodeMessage(ONNX, "ModelProto", {
    irVersion: ir,
    graph: {
      node: nodes.map(nodeMessage),
      name: "g",
      initializer: initializers,
      input: inputs,
      output: outputs,
      ...text.graph,
    },
    opsetImport: [{ domain: "", version: opset }],
    ...text.model,
  });
}

const nodeMessage = ({ op, inputs, outputs, attributes = {}, name, domain }: NodeText): Message => ({
  input: inputs,
  output: outputs,
  name,
  opType: op,
  attribute: Object.entries(attributes).map(([key, value]) => ({ name: key, ...attributeMessage(value) })),
  domain,
});

function attributeMessage(value: AttributeValue): Message {
  if (typeof value === "number") return { i: value, type: ATTRIBUTE_TYPE.int };
  if (typeof value === "string") return { s: new TextEncoder().encode(value), type: ATTRIBUTE_TYPE.string };
  if (Array.isArray(value)) return { ints: [...value], type: ATTRIBUTE_TYPE.ints };
  if ("float" in value) return { f: value.float, type: ATTRIBUTE_TYPE.float };
  return value as Message;
}

/** A graph input or output; extents may be symbols. Without a shape the rank is unknown, without a type the kind. */
export function valueInfo(name: string, dtype?: DType | number, shape?: readonly (number | string)[]): Message {
  if (dtype === undefined) return { name };
  const dim = shape?.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d }));
  const elemType = typeof dtype === "number" ? dtype : DTYPES[dtype].onnx;
  return { name, type: { tensorType: { elemType, ...(dim && { shape: { dim } }) } } };
}

/** An initializer with its data in `rawData`. */
export function initializer(name: string, dtype: DType, shape: readonly number[], values: ArrayLike<number>): Message {
  return { dims: shape, dataType: DTYPES[dtype].onnx, name, rawData: bytesOf(dtype, values) };
}

function bytesOf(dtype: DType, values: ArrayLike<number>): Uint8Array {
  const data = typedArray(dtype, values);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Numbers as the typed array of an element type. */
function typedArray(dtype: DType, values: ArrayLike<number>): ArrayBufferView & ArrayLike<number | bigint> {
  const { array } = DTYPES[dtype];
  if (array === BigInt64Array || array === BigUint64Array) return array.from(Array.from(values, BigInt));
  return (array as typeof Float32Array).from(values);
}

/** Loads bytes with onnxruntime and runs them, without its graph optimisations. */
export async function runModel(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, ort.Tensor>> = {},
): Promise<Readonly<Record<string, ort.Tensor>>> {
  const session = await ort.InferenceSession.create(bytes, {
    graphOptimizationLevel: "disabled",
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  try {
    return (await session.run({ ...feeds })) as Record<string, ort.Tensor>;
  } finally {
    await session.release();
  }
}

export const feed = (dtype: DType, shape: readonly number[], values: ArrayLike<number>): ort.Tensor =>
  new ort.Tensor(dtype as "float32", typedArray(dtype, values) as Float32Array, [...shape]);
