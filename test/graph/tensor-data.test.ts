import { describe, expect, it } from "vitest";
import { DTYPES, type DType } from "#src/graph/dtype.js";
import type { Literal } from "#src/graph/literal.js";
import { readModel } from "#src/graph/onnx-read.js";
import type { Message } from "#src/graph/protobuf.js";
import { modelBytes, runModel, valueInfo } from "./onnx-model.js";

/** A model that gives one initializer. onnxruntime wants a node. */
const modelOf = (dtype: DType, tensor: Message) =>
  modelBytes({
    nodes: [{ op: "Identity", inputs: ["w"], outputs: ["y"] }],
    outputs: [valueInfo("y")],
    initializers: [{ dataType: DTYPES[dtype].onnx, name: "w", ...tensor }],
  });

/** The initializer of such a model. */
function read(bytes: Uint8Array): Literal {
  const value = readModel(bytes, "p.onnx").outputs.get("y")!;
  return value.literal ?? value.node.inputs[0]!.literal!;
}

const literalOf = (dtype: DType, tensor: Message) => read(modelOf(dtype, tensor));

const INT64_MAX = 2 ** 63;

/** Typed fields by element type: the data, and the elements they mean. */
const TYPED: readonly (readonly [dtype: DType, field: string, data: number[], means?: number[]])[] = [
  ["float32", "floatData", [1.5, -0.1, 3e38]],
  ["float64", "doubleData", [1.5, -0.1, 1e300]],
  ["int64", "int64Data", [1, -2, INT64_MAX - 1024, -INT64_MAX]],
  ["int32", "int32Data", [1, -2, 2 ** 31 - 1, -(2 ** 31)]],
  ["int8", "int32Data", [1, -2, 127, -128]],
  ["uint8", "int32Data", [0, 200, 255]],
  ["int16", "int32Data", [1, -2, -32768]],
  ["uint16", "int32Data", [0, 65535]],
  ["bool", "int32Data", [1, 0, 1]],
  ["float16", "int32Data", [0x3c00, 0xc000, 0x0001, 0x7bff], [1, -2, 2 ** -24, 65504]],
  ["uint32", "uint64Data", [0, 2 ** 32 - 1]],
  ["uint64", "uint64Data", [0, 2 ** 53]],
];

describe("typed data fields", () => {
  it.each(TYPED.map((entry) => [`${entry[0]} in ${entry[1]}`, entry] as const))("%s", async (_, entry) => {
    const [dtype, field, data, means = data] = entry;
    const tensor = { dims: [data.length], [field]: data };
    const literal = literalOf(dtype, tensor);
    const expected = dtype === "float32" ? means.map(Math.fround) : means;
    expect(Array.from(literal.numbers())).toEqual(expected);
    const { data: bytes } = (await runModel(modelOf(dtype, tensor))).y!;
    const view = bytes as Uint8Array;
    expect(literal.bytes).toEqual(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  });

  it("INT64_MAX stays the largest integer", () => {
    const most = Uint8Array.of(0x38, 255, 255, 255, 255, 255, 255, 255, 255, 127);
    const literal = read(grown(modelOf("int64", { dims: [1] }), most));
    expect(new BigInt64Array(literal.bytes.slice().buffer)[0]).toBe(2n ** 63n - 1n);
  });

  it("packed and one by one are the same", () => {
    const data = new Uint8Array(Float32Array.of(1, 2).buffer);
    const packed = grown(modelOf("float32", { dims: [2] }), Uint8Array.of(0x22, data.length, ...data));
    expect(read(packed)).toEqual(literalOf("float32", { dims: [2], floatData: [1, 2] }));
  });
});

/** A model of `modelOf` with a field put into its initializer, and the lengths of initializer and graph raised. */
function grown(bytes: Uint8Array, field: Uint8Array): Uint8Array {
  const name = [0x42, 0x01, "w".charCodeAt(0)];
  const at = bytes.findIndex((_, i) => name.every((x, k) => bytes[i + k] === x));
  const result = Uint8Array.of(...bytes.subarray(0, at), ...field, ...bytes.subarray(at));
  const lengthOf = { graph: result.indexOf(0x3a) + 1, initializer: result.lastIndexOf(0x2a, at) + 1 };
  result[lengthOf.graph]! += field.length;
  result[lengthOf.initializer]! += field.length;
  return result;
}

describe("raw data", () => {
  it.each(Object.keys(DTYPES) as DType[])("%s is a view into the file", async (dtype) => {
    const rawData = Uint8Array.from({ length: 2 * DTYPES[dtype].array.BYTES_PER_ELEMENT }, (_, i) =>
      dtype === "bool" ? i % 2 : 17 * i,
    );
    const bytes = modelOf(dtype, { dims: [2], rawData });
    const literal = read(bytes);
    expect(literal.bytes).toEqual(rawData);
    expect(literal.bytes.buffer).toBe(bytes.buffer);
  });

  it.each([
    [
      "too few bytes",
      { dims: [3], rawData: new Uint8Array(8) },
      "a float32 tensor of shape [3] needs 12 bytes and has 8",
    ],
    ["too few elements", { dims: [3], floatData: [1, 2] }, "a float32 tensor of shape [3] has 2 elements of data"],
    ["no data", { dims: [3] }, "a float32 tensor of shape [3] has 0 elements of data"],
    ["a negative extent", { dims: [-1], floatData: [] }, "shape [-1] has a negative extent"],
    ["text", { dims: [1], dataType: 8 }, "element type 8 is not supported"],
  ])("%s is refused", (_, tensor, message) => {
    expect(() => literalOf("float32", tensor)).toThrow(`p.onnx: initializer "w": ${message}`);
  });

  it("a scalar and an empty tensor", () => {
    expect(literalOf("float32", { floatData: [7] }).shape).toEqual([]);
    expect(literalOf("int64", { dims: [0] }).size).toBe(0);
  });
});
