import { expect, it } from "vitest";
import { readModel } from "#src/graph/onnx-read.js";
import { ATTRIBUTE_TYPE } from "#src/graph/onnx-schema.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Message } from "#src/graph/protobuf.js";
import { plainSession } from "../plain-session.js";
import { initializer, type ModelText, modelBytes, valueInfo } from "./onnx-model.js";

/** The same file read and written again gives what onnxruntime computes of the file itself. */
async function agree(text: ModelText, shape: readonly number[] = [1, 4]): Promise<void> {
  const bytes = modelBytes(text);
  const x = { dtype: "float32", shape, data: Float32Array.from([-2, -0.5, 0.25, 3]) } as const;
  const results = [];
  for (const model of [bytes, writeModel(readModel(bytes, "p.onnx"))]) {
    const session = await plainSession(model);
    results.push(await session.run({ x }));
    await session.release();
  }
  const [file, ours] = results;
  expect(Object.keys(ours!)).toEqual(Object.keys(file!));
  for (const [name, { data, shape: found }] of Object.entries(file!)) {
    expect(ours![name]!.shape).toEqual(found);
    expect(ours![name]!.data).toEqual(data);
  }
}

const text = (changes: Partial<ModelText>): ModelText => ({
  inputs: [valueInfo("x", "float32", [1, 4])],
  outputs: [valueInfo("y", "float32", [1, 4])],
  ...changes,
});

const node = (opType: string, input: string[], output: string[], more: Message = {}): Message => ({
  opType,
  input,
  output,
  ...more,
});
const opsetImport = [{ domain: "", version: 18 }];

it("functions are written out: attributes of the call, defaults, functions in functions, names that recur", async () => {
  const leaky = {
    name: "Leaky",
    domain: "local",
    input: ["a"],
    output: ["b"],
    attribute: ["slope"],
    attributeProto: [{ name: "offset", f: 0.5, type: ATTRIBUTE_TYPE.float }],
    node: [
      node("LeakyRelu", ["a"], ["h"], {
        attribute: [{ name: "alpha", refAttrName: "slope", type: ATTRIBUTE_TYPE.float }],
      }),
      node("Constant", [], ["c"], {
        attribute: [{ name: "value_float", refAttrName: "offset", type: ATTRIBUTE_TYPE.float }],
      }),
      node("Add", ["h", "c"], ["b"]),
    ],
    opsetImport,
  };
  const twice = {
    name: "Twice",
    domain: "local",
    input: ["a"],
    output: ["first", "b"],
    node: [
      node("Leaky", ["a"], ["first"], { domain: "local", attribute: [{ name: "slope", f: 0.3, type: 1 }] }),
      node("Leaky", ["first"], ["b"], {
        domain: "local",
        attribute: [
          { name: "slope", f: 0.1, type: 1 },
          { name: "offset", f: -1, type: 1 },
        ],
      }),
    ],
    opsetImport: [...opsetImport, { domain: "local", version: 1 }],
  };
  await agree(
    text({
      nodes: [
        { op: "Twice", inputs: ["x"], outputs: ["", "h"], domain: "local" },
        { op: "Twice", inputs: ["h"], outputs: ["y", "c"], domain: "local" },
      ],
      outputs: [valueInfo("y", "float32", [1, 4]), valueInfo("c", "float32", [1, 4])],
      model: { functions: [leaky, twice], opsetImport: [...opsetImport, { domain: "local", version: 1 }] },
    }),
  );
});

const branch = (name: string, op: string, more: Message = {}) => ({
  g: { name, node: [node(op, ["x", "w"], ["h"]), node("Relu", ["h"], ["out"])], output: [valueInfo("out")], ...more },
  type: ATTRIBUTE_TYPE.graph,
});

it.each([
  [1, "then"],
  [0, "else"],
])("of an If whose condition is a constant %s, the %s branch is read", async (condition) => {
  await agree(
    text({
      nodes: [
        {
          op: "If",
          inputs: ["c"],
          outputs: ["y"],
          attributes: {
            then_branch: branch("then", "Add", { initializer: [initializer("w", "float32", [1], [2])] }),
            else_branch: branch("else", "Mul", { initializer: [initializer("w", "float32", [1], [-3])] }),
          },
        },
      ],
      initializers: [initializer("c", "bool", [], [condition])],
    }),
  );
});

it("a condition may follow from shapes", async () => {
  await agree(
    text({
      nodes: [
        { op: "Shape", inputs: ["x"], outputs: ["s"] },
        { op: "Size", inputs: ["s"], outputs: ["rank"] },
        { op: "Equal", inputs: ["rank", "two"], outputs: ["c"] },
        {
          op: "If",
          inputs: ["c"],
          outputs: ["y"],
          attributes: { then_branch: branch("then", "Add"), else_branch: branch("else", "Mul") },
        },
      ],
      initializers: [initializer("two", "int64", [], [2]), initializer("w", "float32", [1], [2])],
    }),
  );
});

it.each([24, 25, 26])("operator set %i, with Swish as an operator", async (opset) => {
  const swish = { op: "Swish", inputs: ["x"], outputs: ["y"], attributes: { alpha: { float: 1.5 } } };
  const graph = readModel(modelBytes(text({ nodes: [swish], opset, ir: 12 })), "p.onnx");
  const session = await plainSession(writeModel(graph));
  const x = Float32Array.from([-2, -0.5, 0.25, 3]);
  const { y } = await session.run({ x: { dtype: "float32", shape: [1, 4], data: x } });
  x.forEach((value, i) => {
    expect((y!.data as Float32Array)[i]).toBeCloseTo(value / (1 + Math.exp(-1.5 * value)), 6);
  });
  await session.release();
});
