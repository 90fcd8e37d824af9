import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ATTRIBUTE_TYPE } from "#src/graph/onnx-schema.js";
import type { Message } from "#src/graph/protobuf.js";
import { inSinglePrecision } from "#src/graph/single-precision.js";
import { loadModel } from "#src/policy/policy.js";
import { plainSession } from "../plain-session.js";
import { initializer, type ModelText, modelBytes, valueInfo } from "./onnx-model.js";

const FLOAT16 = 10;
const BFLOAT16 = 16;

/** Bits of numbers that both types hold exactly: sign, a power of two, and 1 or 1.5. */
function bitsOf(type: number, x: number): number {
  if (x === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(x)));
  const half = Math.abs(x) / 2 ** exponent === 1.5;
  const sign = x < 0 ? 0x8000 : 0;
  return type === FLOAT16
    ? sign | ((exponent + 15) << 10) | (half ? 0x200 : 0)
    : sign | ((exponent + 127) << 7) | (half ? 0x40 : 0);
}

const W = [0.5, -1.5, 2, 0.25, -0.75, 1, 0, -4];
const B = [0.125, -0.5];
const X = [1, -2, 0.5, 3];

/** y = relu(x W + b): weights and casts in half precision, the bias in the typed field, inputs and outputs in float32. */
function network(type: number): ModelText {
  const bits = (values: readonly number[]) => values.map((x) => bitsOf(type, x));
  const cast = (to: number): Record<string, Message> => ({ to: { i: to, type: ATTRIBUTE_TYPE.int } });
  return {
    nodes: [
      { op: "Cast", inputs: ["x"], outputs: ["half"], attributes: cast(type) },
      { op: "Gemm", inputs: ["half", "w", "b"], outputs: ["h"] },
      { op: "Relu", inputs: ["h"], outputs: ["r"] },
      { op: "Cast", inputs: ["r"], outputs: ["y"], attributes: cast(1) },
    ],
    inputs: [valueInfo("x", "float32", [1, 4])],
    outputs: [valueInfo("y", "float32", [1, 2])],
    initializers: [
      { ...initializer("w", "uint16", [4, 2], bits(W)), dataType: type },
      { dims: [2], dataType: type, name: "b", int32Data: bits(B) },
    ],
    graph: {},
  };
}

const expected = B.map((b, j) => Math.max(0, b + X.reduce((sum, x, i) => sum + x * W[2 * i + j]!, 0)));

async function run(bytes: Uint8Array): Promise<number[]> {
  const session = await plainSession(bytes);
  const { y } = await session.run({ x: { dtype: "float32", shape: [1, 4], data: Float32Array.from(X) } });
  await session.release();
  return Array.from(y!.data as Float32Array);
}

describe("half precision becomes float32 with the same weights", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "torquelens-half-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ["float16", FLOAT16],
    ["bfloat16", BFLOAT16],
  ])("%s", async (name, type) => {
    expect(await run(inSinglePrecision(modelBytes(network(type))))).toEqual(expected);
    const file = join(folder, `${name}.onnx`);
    await writeFile(file, modelBytes(network(type)));
    const { graph, bytes } = await loadModel(file);
    expect(graph.outputs.get("y")!.dtype).toBe("float32");
    expect(await run(bytes)).toEqual(expected);
  });

  it("of float16 gives what onnxruntime computes of the file itself", async () => {
    const theirs = await run(modelBytes(network(FLOAT16)));
    theirs.forEach((y, j) => {
      expect(y).toBeCloseTo(expected[j]!, 2);
    });
  });

  it("of inputs, outputs and data in another file", async () => {
    const type = BFLOAT16;
    const text = network(type);
    const data = Uint16Array.from(W, (x) => bitsOf(type, x));
    await writeFile(join(folder, "weights.bin"), new Uint8Array(data.buffer));
    const outside = {
      dims: [4, 2],
      dataType: type,
      name: "w",
      dataLocation: 1,
      externalData: [{ key: "location", value: "weights.bin" }],
    };
    const open = {
      ...text,
      nodes: text
        .nodes!.slice(1, 3)
        .map((node) => ({ ...node, inputs: node.inputs.map((n) => (n === "half" ? "x" : n)) })),
      inputs: [valueInfo("x", type, [1, 4])],
      outputs: [valueInfo("r", type, [1, 2])],
      initializers: [outside, text.initializers![1]!],
    };
    await writeFile(join(folder, "outside.onnx"), modelBytes(open));
    const { graph } = await loadModel(join(folder, "outside.onnx"));
    expect(graph.inputs.get("x")!.dtype).toBe("float32");
    expect(Array.from(graph.outputs.get("r")!.node.inputs[0]!.node.inputs[1]!.literal!.numbers())).toEqual(W);
  });
});

it("a file without half precision stays as it is, and so do bytes that are no model", () => {
  const plain = modelBytes({
    nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }],
    inputs: [valueInfo("x", "float32", [1, 2])],
    outputs: [valueInfo("y", "float32", [1, 2])],
    initializers: [initializer("w", "float32", [2], [1, 2])],
  });
  expect(inSinglePrecision(plain)).toBe(plain);
  const cut = plain.subarray(0, plain.length - 3);
  expect(inSinglePrecision(cut)).toBe(cut);
});
