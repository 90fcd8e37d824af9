import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { apply, applyNode } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { Literal } from "#src/graph/literal.js";
import { readModel } from "#src/graph/onnx-read.js";
import { type GraphProto, type ModelProto, ONNX } from "#src/graph/onnx-schema.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { decodeMessage } from "#src/graph/protobuf.js";
import type { Graph, Value } from "#src/graph/value.js";
import { NODE_CASES, SINCE } from "./cases/all.js";
import { feed, initializer, modelBytes, runModel, valueInfo } from "./onnx-model.js";

const graphOf = (inputs: Value[], outputs: Record<string, Value>, changes: Partial<Graph> = {}): Graph => ({
  name: "g",
  inputs: new Map(inputs.map((value) => [value.name!, value])),
  outputs: new Map(Object.entries(outputs)),
  metadata: new Map(),
  opset: 18,
  ...changes,
});

const decoded = (bytes: Uint8Array) =>
  decodeMessage(ONNX, "ModelProto", bytes) as unknown as ModelProto & { graph: GraphProto };
const written = (graph: Graph) => decoded(writeModel(graph)).graph;
const opsOf = ({ node }: GraphProto) => node.map(({ opType }) => opType);

it("refuses more weights than one ONNX file can hold, before it writes them", () => {
  const bytes = new Uint8Array(2 ** 28);
  const x = b.input("x", "uint8", [2 ** 28]);
  const sum = Array.from({ length: 8 }, () => new Literal("uint8", [2 ** 28], bytes))
    .map((literal) => b.constant(literal))
    .reduce((total: Value, each) => b.add(total, each), x);
  expect(() => writeModel(graphOf([x], { y: sum }))).toThrow(
    new InputError('the compiled model of "g" has more weights than one ONNX file can hold, 2 GiB'),
  );
});

describe("read and written again, onnxruntime computes the same bits", () => {
  it.each(Object.keys(NODE_CASES))("%s", async (op) => {
    await fc.assert(
      fc.asyncProperty(NODE_CASES[op]!, async ({ inputs, attributes, outputs }) => {
        const given = inputs.flatMap((operand, i) => (operand ? [{ ...operand, name: `x${i}` }] : []));
        const fed = given.filter(({ constant }) => !constant);
        const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
        const original = modelBytes({
          opset: SINCE[op],
          nodes: [{ op, inputs: inputs.map((operand, i) => (operand ? `x${i}` : "")), outputs: names, attributes }],
          inputs: fed.map(({ name, dtype, shape }) => valueInfo(name, dtype, shape)),
          outputs: names.map((name) => valueInfo(name)),
          initializers: given
            .filter(({ constant }) => constant)
            .map(({ name, dtype, shape, values }) => initializer(name, dtype, shape, values)),
        });
        const feeds = Object.fromEntries(
          fed.map(({ name, dtype, shape, values }) => [name, feed(dtype, shape, values)]),
        );
        const before = await runModel(original, feeds);
        const after = await runModel(writeModel(readModel(original, "p")), feeds);
        for (const name of names) {
          expect(after[name]!.type).toBe(before[name]!.type);
          expect(after[name]!.dims).toEqual(before[name]!.dims);
          expect(after[name]!.data).toEqual(before[name]!.data);
        }
      }),
      { numRuns: 6, seed: 2 },
    );
  });

  it("parts by their number from operator set 13", async () => {
    const text = {
      opset: 13,
      nodes: [{ op: "Split", inputs: ["x"], outputs: ["a", "b"] }],
      inputs: [valueInfo("x", "float32", [4])],
      outputs: [valueInfo("a"), valueInfo("b")],
    };
    const out = await runModel(writeModel(readModel(modelBytes(text), "p")), { x: feed("float32", [4], [1, 2, 3, 4]) });
    expect(Array.from(out.b!.data as Float32Array)).toEqual([3, 4]);
  });
});

describe("equal things are written once", () => {
  it("nodes of one operator, inputs and attributes", () => {
    const x = b.input("x", "float32", [1, 4]);
    const sums = b.add(b.add(b.exp(x), b.exp(x)), b.add(b.softmax(x, 1), b.softmax(x, 0)));
    expect(opsOf(written(graphOf([x], { y: sums }))).sort()).toEqual([
      "Add",
      "Add",
      "Add",
      "Exp",
      "Softmax",
      "Softmax",
    ]);
  });

  it("but not constants of other bytes, also where the bytes are a Buffer's", () => {
    const x = b.input("x", "float32", [1]);
    const numbers = [-0.5, -2, -1, -4, Number.NaN, Number.NEGATIVE_INFINITY];
    const constants = numbers.map((number) =>
      b.constant(new Literal("float32", [], Buffer.from(Float32Array.of(number).buffer))),
    );
    const graph = written(graphOf([x], { y: constants.reduce((sum, each) => b.add(sum, each), x) }));
    expect(graph.initializer).toHaveLength(numbers.length);
  });

  it("nor nodes whose attributes JSON writes alike", () => {
    const x = b.input("x", "float32", [1]);
    const slopes = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0, 0];
    const each = slopes.map((alpha) => apply("LeakyRelu", [x], { alpha }));
    const graph = written(graphOf([x], { y: b.concat(each, 0) }));
    expect(opsOf(graph).filter((op) => op === "LeakyRelu")).toHaveLength(slopes.length);
  });

  it("an unnamed node as the policy's named one, whose name stays", () => {
    const x = b.input("x", "float32", [2]);
    const named = applyNode("Exp", [x], {}, { name: "policy_exp", outputNames: ["features"] }).outputs[0]!;
    const graph = written(graphOf([x], { y: b.add(named, b.neg(b.exp(x))) }));
    expect(graph.node.filter(({ opType }) => opType === "Exp")).toMatchObject([
      { name: "policy_exp", output: ["features"] },
    ]);
  });

  it("two named nodes stay two", () => {
    const x = b.input("x", "float32", [2]);
    const named = (name: string) => applyNode("Exp", [x], {}, { name, outputNames: [name] }).outputs[0]!;
    expect(opsOf(written(graphOf([x], { y: b.add(named("one"), named("two")) })))).toEqual(["Exp", "Exp", "Add"]);
  });

  it("small constants by their bytes, but not across types and shapes", () => {
    const x = b.input("x", "float32", [2]);
    const twice = b.mul(b.add(x, b.scalar(3)), b.scalar(3));
    expect(written(graphOf([x], { y: twice })).initializer).toHaveLength(1);
    const apart = b.mul(b.add(x, b.scalar(3)), b.tensor("float32", [1], [3]));
    expect(written(graphOf([x], { y: apart })).initializer).toHaveLength(2);
  });

  it("names that are equal when joined stay distinct", async () => {
    const [p, q, r] = ["p|q", "p", "q"].map((name) => b.input(name, "float32", [1]));
    const outputs = { y: apply("Max", [p!]), z: apply("Max", [q!, r!]) };
    const bytes = writeModel(graphOf([p!, q!, r!], outputs));
    const feeds = { "p|q": feed("float32", [1], [1]), p: feed("float32", [1], [2]), q: feed("float32", [1], [3]) };
    const out = await runModel(bytes, feeds);
    expect([out.y!.data[0], out.z!.data[0]]).toEqual([1, 3]);
  });
});

describe("names", () => {
  const run = async (graph: Graph, value: number) =>
    Object.fromEntries(
      Object.entries(await runModel(writeModel(graph), { x: feed("float32", [1], [value]) })).map(
        ([name, { data }]) => [name, data[0]],
      ),
    );

  it("of a policy that calls its tensors as the writer would", async () => {
    const x = b.input("x", "float32", [1]);
    const policy = applyNode("Neg", [x], {}, { name: "torquelens/Exp_0", outputNames: ["torquelens/Exp_0"] })
      .outputs[0]!;
    const clash = b.constant(b.scalar(5).literal!, "torquelens/constant_1");
    const graph = graphOf([x], { y: b.add(b.mul(b.abs(policy), clash), b.scalar(7)) });
    const names = written(graph).node.flatMap(({ output }) => output);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("torquelens/Exp_0");
    expect(await run(graph, -2)).toEqual({ y: 17 });
  });

  it("of outputs that are swapped, renamed, repeated, constant or an input", async () => {
    const x = b.input("x", "float32", [1]);
    const one = applyNode("Neg", [x], {}, { outputNames: ["a"] }).outputs[0]!;
    const two = applyNode("Add", [one, one], {}, { outputNames: ["b"] }).outputs[0]!;
    const three = b.constant(b.tensor("float32", [1], [3]).literal!, "c");
    const graph = graphOf([x], { a: two, b: one, again: one, c: three, d: three, through: x });
    expect(await run(graph, 1)).toEqual({ a: -2, b: -1, again: -1, c: 3, d: 3, through: 1 });
    expect([...readModel(writeModel(graph), "p").outputs.keys()]).toEqual([...graph.outputs.keys()]);
  });

  it("of two values that carry one name", async () => {
    const x = b.input("x", "float32", [1]);
    const named = (op: string, value: Value) => applyNode(op, [value], {}, { outputNames: ["h"] }).outputs[0]!;
    expect(await run(graphOf([x], { y: named("Abs", named("Neg", x)) }), 4)).toEqual({ y: 4 });
  });

  it("of inputs that nothing reads stay", () => {
    const [x, unread] = [b.input("x", "float32", [1]), b.input("unread", "uint8", [1, 2])];
    const again = readModel(writeModel(graphOf([x, unread], { y: b.neg(x) })), "p");
    expect([...again.inputs]).toMatchObject([
      ["x", { dtype: "float32", shape: [1] }],
      ["unread", { dtype: "uint8", shape: [1, 2] }],
    ]);
  });
});

describe("the model around the graph", () => {
  const x = b.input("x", "float32", [1]);
  const modelOf = (opset: number) =>
    decoded(writeModel(graphOf([x], { y: b.neg(x) }, { opset, metadata: new Map([["k", "v ü"]]) })));

  it.each([
    [13, 18, 8],
    [18, 18, 8],
    [19, 19, 9],
    [20, 20, 9],
    [21, 21, 10],
    [23, 23, 11],
  ])("operator set %d is written as %d in IR %d", (opset, expected, ir) => {
    const model = modelOf(opset);
    expect(model.opsetImport).toMatchObject([{ version: expected }]);
    expect(model.irVersion).toBe(ir);
  });

  it("keeps metadata", () => {
    expect(modelOf(18).metadataProps).toEqual([{ key: "k", value: "v ü" }]);
  });
});
