import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { subjectOf as subjectOfPolicy } from "#src/explain/subject.js";
import { apply, applyNode } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { readModel } from "#src/graph/onnx-read.js";
import { type ModelProto, ONNX } from "#src/graph/onnx-schema.js";
import { decodeMessage } from "#src/graph/protobuf.js";
import type { Value } from "#src/graph/value.js";
import { loadPolicy } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { METHODS } from "#src/relevance/methods.js";
import { plainSession } from "../plain-session.js";
import { configuration, DEPTHS, dense, image, subjectOf, weights } from "./subjects.js";

/** The compiled model as any program in any language finds it. */

const H = 8;
const W = 6;
const J = 3;

function policy() {
  const camera = b.input("image", "uint8", [1, H, W, 3]);
  const state = configuration(4);
  const pixels = b.transpose(b.cast(camera, "float32"), [0, 3, 1, 2]);
  const maps = b.relu(b.conv(b.div(pixels, 255), weights([4, 3, 3, 3], 1)));
  const points = b.reshape(b.matmul(b.softmax(b.reshape(maps, [4, 24]), 1), weights([24, 2], 2)), [1, 8]);
  const torque = dense(b.relu(dense(b.concat([points, state], 1), 5, 3)), J, 4);
  const values = (name: string, start: number, size: number) =>
    ({
      kind: "values",
      name,
      input: "configuration",
      start,
      size,
      reference: { kind: "mean", values: new Array(size).fill(0.1) },
    }) as const;
  const modalities = [
    { kind: "image", name: "wrist", input: "image", layout: "NHWC", range: [0, 255] },
    values("joint_position", 0, 2),
    values("joint_velocity", 2, 2),
  ] as const;
  const plain = subjectOf([camera, state], torque, modalities, { sha256: "ab".repeat(32) });
  return { ...plain, graph: { ...plain.graph, metadata: new Map([["author", "somebody"]]) } };
}

const ALWAYS = {
  torque: [1, J],
  "torquelens.relevance.configuration": [1, 4],
  "torquelens.torque_relevance.configuration": [J, 4],
  "torquelens.shares": [3],
  "torquelens.torque_shares": [J, 3],
  "torquelens.residual": [],
  "torquelens.empty_pool": [J],
};
const HEATMAP = { "torquelens.heatmap.image": [H, W], "torquelens.feature_points.image": [4, 2] };
const PIXELS = { "torquelens.relevance.image": [1, H, W, 3] };
const EXPECTED = {
  shares: ALWAYS,
  heatmap: { ...ALWAYS, ...HEATMAP },
  full: { ...ALWAYS, ...HEATMAP, ...PIXELS },
  "per-torque": { ...ALWAYS, ...HEATMAP, "torquelens.torque_heatmap.image": [J, H, W] },
} as const;

describe("the compiled model's contract", () => {
  it.each(DEPTHS)("inputs and outputs at depth %s, as declared and as computed", async (depth) => {
    const { bytes } = compile(policy(), { depth });
    const graph = readModel(bytes, "compiled.onnx");
    const typeOf = (values: ReadonlyMap<string, Value>) =>
      Object.fromEntries(Array.from(values, ([name, { dtype, shape }]) => [name, [dtype, ...shape]]));
    expect(typeOf(graph.inputs)).toEqual({
      image: ["uint8", 1, H, W, 3],
      configuration: ["float32", 1, 4],
      "torquelens.importance": ["float32", J],
    });
    const expected = Object.fromEntries(
      Object.entries(EXPECTED[depth]).map(([name, shape]) => [name, ["float32", ...shape]]),
    );
    expect(typeOf(graph.outputs)).toEqual(expected);

    const session = await plainSession(bytes);
    const outputs = await session.run({
      image: { dtype: "uint8", shape: [1, H, W, 3], data: new Uint8Array(3 * H * W).fill(77) },
      configuration: { dtype: "float32", shape: [1, 4], data: Float32Array.of(1, 2, 3, 4) },
      "torquelens.importance": { dtype: "float32", shape: [J], data: Float32Array.of(1, 1, 1) },
    });
    await session.release();
    const computed = Object.fromEntries(
      Object.entries(outputs).map(([name, { dtype, shape }]) => [name, [dtype, ...shape]]),
    );
    expect(computed).toEqual(expected);
  });

  it.each(DEPTHS)("metadata at depth %s: the policy's own and what was compiled", (depth) => {
    const metadata = Object.fromEntries(readModel(compile(policy(), { depth }).bytes, "compiled.onnx").metadata);
    expect(metadata).toEqual({
      author: "somebody",
      "torquelens.version": "1",
      "torquelens.method": "dtd",
      "torquelens.depth": depth,
      "torquelens.modalities": '["wrist","joint_position","joint_velocity"]',
      "torquelens.convention":
        '{"reference":{"wrist":"range","joint_position":"mean","joint_velocity":"mean"},"featurePoints":"policy"}',
      "torquelens.policy_sha256": "ab".repeat(32),
    });
  });

  it("only operators of the standard domain, each node's outputs once", () => {
    for (const depth of DEPTHS) {
      const model = decodeMessage(ONNX, "ModelProto", compile(policy(), { depth }).bytes) as unknown as ModelProto;
      expect(model.opsetImport).toEqual([{ domain: "", version: 18 }]);
      expect(model.graph!.node.every(({ domain = "" }) => domain === "")).toBe(true);
      const made = model.graph!.node.flatMap(({ output }) => output);
      expect(new Set(made).size).toBe(made.length);
    }
  });

  it("the same bytes from the same policy", () => {
    expect(compile(policy()).bytes).toEqual(compile(policy()).bytes);
  });

  const shipped = fileURLToPath(new URL("../../models/reacher.onnx", import.meta.url));
  it("the shipped policy grows to at most 3.5 times its size", async () => {
    const subject = subjectOfPolicy(await loadPolicy(shipped, {}));
    for (const depth of DEPTHS) {
      const { bytes } = compile(subject, { depth });
      expect(bytes.byteLength).toBeLessThanOrEqual(3.5 * statSync(shipped).size);
    }
  });
});

describe("what cannot be compiled", () => {
  const x = configuration();
  const refused =
    (torque: Value, inputs = [x]) =>
    () =>
      compile(subjectOf(inputs, torque));
  const named = (op: string, inputs: Value[], attributes = {}) =>
    applyNode(op, inputs, attributes, { name: "culprit", outputNames: ["made"] }).outputs[0]!;

  it("a compiled model", () => {
    const graph = readModel(compile(policy()).bytes, "compiled.onnx");
    expect(() => compile({ ...policy(), graph })).toThrow(InputError);
    expect(() => compile({ ...policy(), graph })).toThrow(
      'tensor "torquelens.importance": this model is already compiled',
    );
  });

  it("a torque that is no output, or not of float32", () => {
    expect(() => compile({ ...policy(), torque: "tau" })).toThrow('torque output "tau" is not an output of the model');
    const double = b.cast(dense(x, 2, 1), "float64");
    expect(refused(double)).toThrow('torque output "torque" is float64; policies are explained in float32');
  });

  it("by an unknown method", () => {
    expect(() => compile(policy(), { method: "magic" })).toThrow("method magic is unknown; known are dtd");
  });

  const hidden = dense(x, 3, 1);
  const picture = image();
  it.each<readonly [string, () => Value, string]>([
    ["Sign", () => named("Sign", [hidden]), 'node "culprit" (Sign): no relevance rule passes through it'],
    [
      "Pow",
      () => named("Pow", [hidden, hidden]),
      'node "culprit" (Pow): explained only where the exponent is constant',
    ],
    ["Softmax", () => named("Softmax", [hidden]), 'node "culprit" (Softmax): Softmax is explained only'],
    [
      "Pad",
      () => named("Pad", [hidden, b.int64([0, 2, 0, -1])], { mode: "edge" }),
      'node "culprit": Pad of mode edge by [0,2,0,-1] has no gradient',
    ],
    [
      "double precision",
      () => b.cast(named("Add", [b.cast(hidden, "float64"), b.cast(hidden, "float64")]), "float32"),
      'node "culprit" (Add): ',
    ],
  ])("%s in the middle, naming the node", (_, middle, message) => {
    const made = middle();
    const torque = dense(b.reshape(made, [1, made.shape.reduce((a, d) => a * d, 1)]), 2, 5);
    expect(refused(torque)).toThrow(InputError);
    expect(refused(torque)).toThrow(message);
  });

  it("what is read of a node's statistics or indices beside its values", () => {
    const beside = (op: string, x: Value, parameters: Value[], attributes: object, count: number) => {
      const made = applyNode(
        op,
        [x, ...parameters],
        { ...attributes },
        { name: "culprit", outputCount: count },
      ).outputs;
      const rows = made.map((y) => b.reshape(b.cast(y, "float32"), [1, -1]));
      return dense(b.concat(rows, 1), 2, 3);
    };
    // The perturbation methods look at outputs alone.
    const other = /attention|fusion|grad-cam|perturbation|sarfa|occlusion|rise/;
    for (const method of METHODS.map(({ name }) => name).filter((name) => !other.test(name))) {
      const compiled = (torque: Value, input: Value) => () => compile(subjectOf([input], torque), { method });
      const normalised = beside("LayerNormalization", x, [b.full([4], 2), b.full([4], 1)], {}, 3);
      expect(compiled(normalised, x), method).toThrow(
        'node "culprit" (LayerNormalization): its output 1 is not explained',
      );
      const pooled = beside("MaxPool", picture, [], { kernel_shape: [2, 2] }, 2);
      expect(compiled(pooled, picture), method).toThrow('node "culprit" (MaxPool): an index does not say how much');
      const best = beside("TopK", x, [b.int64([2])], {}, 2);
      expect(compiled(best, x), method).toThrow('node "culprit" (TopK): an index does not say how much');
    }
  });

  it("a convolution whose weights are computed", () => {
    const kernel = b.reshape(dense(x, 27, 2), [1, 3, 3, 3]);
    const torque = dense(apply("Flatten", [named("Conv", [picture, kernel])]), 2, 3);
    expect(refused(torque, [picture, x])).toThrow('node "culprit" (Conv): no relevance rule passes through it');
  });

  it("what lies beside the torque is left alone", () => {
    const torque = dense(hidden, 2, 5);
    const plain = subjectOf([x], torque);
    const graph = { ...plain.graph, outputs: new Map([...plain.graph.outputs, ["other", named("Exp", [hidden])]]) };
    expect([...compile({ ...plain, graph }).graph.outputs.keys()].slice(0, 2)).toEqual(["torque", "other"]);
  });
});
