import { describe, expect, test } from "vitest";
import { readModel } from "#src/graph/onnx-read.js";
import { sizeOf } from "#src/graph/shape.js";
import { topologicalOrder } from "#src/graph/value.js";
import { loadPolicy, policyOf } from "#src/policy/policy.js";
import { Session, type TensorData } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { learnedOf } from "#src/train/distillation/parameters-of.js";
import { masksOf } from "#src/train/distillation/saliency.js";
import { Student } from "#src/train/distillation/student.js";
import { relativeError } from "../../evaluate.js";

const load = (file: string) => loadPolicy(`models/${file}`);

/** A policy whose own graph and file share their constants, as `Distillation.start` makes it. */
async function studentOf(file: string) {
  const policy = await load(file);
  const graph = readModel(policy.bytes, policy.path);
  const found = { card: policy.card, source: policy.cardSource, folder: "models" };
  return { policy, student: new Student(policyOf({ ...policy, graph }, found), graph) };
}

async function torquesOf(bytes: Uint8Array, seed: number): Promise<Float32Array> {
  const source = random(seed);
  const feeds: Record<string, TensorData> = {};
  for (const [name, { dtype, shape }] of readModel(bytes, "student").inputs)
    feeds[name] =
      dtype === "uint8"
        ? { dtype, shape, data: Uint8Array.from({ length: sizeOf(shape) }, () => source.integer(256)) }
        : { dtype, shape, data: Float32Array.from({ length: sizeOf(shape) }, () => source.normal()) };
  const session = await Session.create(bytes, { threads: 1 });
  const { torque } = await session.run(feeds);
  await session.release();
  return torque!.data as Float32Array;
}

test("learned are the weights and biases of a policy, not a soft-argmax's grid", async () => {
  const { graph } = await load("reacher.onnx");
  const learned = learnedOf(graph.outputs.values());
  expect(learned.map(({ constant, role, fanIn, inputAxis }) => [constant.name, role, fanIn, inputAxis])).toEqual([
    ["conv1.weight", "weight", 3 * 49, undefined],
    ["conv2.weight", "weight", 16 * 25, undefined],
    ["conv3.weight", "weight", 16 * 25, undefined],
    ["fc1.weight", "weight", 34, 0],
    ["fc1.bias", "bias", expect.anything(), undefined],
    ["fc2.weight", "weight", 40, 0],
    ["fc2.bias", "bias", expect.anything(), undefined],
    ["fc3.weight", "weight", 40, 0],
    ["fc3.bias", "bias", expect.anything(), undefined],
  ]);
});

describe.each(["nature-batchnorm-kept-ts18", "nature-dynamo18", "levine-lerobot-ts13", "tf-levine-matmul-17"])(
  "of a policy of other people's exporters, %s",
  (name) => {
    test("every weight of its convolutions and dense layers is learned, and no statistics", async () => {
      const { readFileSync } = await import("node:fs");
      const graph = readModel(readFileSync(`test/data/reference/${name}.onnx`), name);
      const learned = new Set(learnedOf(graph.outputs.values()).map(({ constant }) => constant));
      const nodes = topologicalOrder(graph.outputs.values());
      const linear = nodes.filter(({ op, inputs }) => /^(Conv|Gemm|MatMul)$/.test(op) && inputs[1]!.literal);
      const isGrid = (node: (typeof nodes)[number]) => node.op === "MatMul" && node.inputs[1]!.shape[1] === 2;
      const weights = linear.filter((node) => !isGrid(node) || learned.has(node.inputs[1]!));
      expect(weights.length).toBeGreaterThanOrEqual(4);
      for (const { inputs } of weights) expect(learned).toContain(inputs[1]);
      for (const { op, inputs } of nodes)
        if (op === "BatchNormalization") for (const i of [3, 4]) expect(learned).not.toContain(inputs[i]);
    });
  },
);

test("a student that starts as its teacher is its teacher, with parameters of the size of He's initialisation", async () => {
  const { policy, student } = await studentOf("reacher.onnx");
  const vector = new Float32Array(student.size);
  student.start(vector, "teacher", random(1));
  const again = student.export(vector, new Map([["torquelens.card", "another"]]));
  expect(readModel(again, "again").metadata.get("torquelens.card")).toBe("another");
  expect([...readModel(again, "again").outputs.keys()]).toEqual(["torque"]);
  const expected = await torquesOf(policy.bytes, 3);
  expect(relativeError(await torquesOf(again, 3), expected)).toBeLessThan(1e-5);
  for (const [name, { shape }] of student.layout.slots) {
    if (!name.endsWith(".weight")) continue;
    const view = student.layout.view(vector, name);
    const size = Math.sqrt(view.reduce((sum, x) => sum + x * x, 0) / view.length);
    const fanIn = shape.length === 2 ? shape[0]! : sizeOf(shape.slice(1));
    expect(size, name).toBeCloseTo(Math.sqrt(2 / fanIn), 4);
  }
});

test("a student that starts anew answers otherwise, and the same for the same seed", async () => {
  const { policy, student } = await studentOf("reacher.onnx");
  const [one, two, three] = [1, 1, 2].map((seed) => {
    const vector = new Float32Array(student.size);
    student.start(vector, "random", random(seed));
    return student.export(vector, new Map());
  }) as [Uint8Array, Uint8Array, Uint8Array];
  expect(Buffer.from(one).equals(two)).toBe(true);
  expect(Buffer.from(one).equals(three)).toBe(false);
  expect(relativeError(await torquesOf(one, 3), await torquesOf(policy.bytes, 3))).toBeGreaterThan(0.1);
});

test("the indicator of Eq. 4: saliency up to the threshold is penalised, of a map of zeros everything", async () => {
  const policy = await load("reacher.onnx");
  const map = new Float32Array(96 * 96);
  map[5] = -20;
  map[6] = 2;
  map[7] = 2.1;
  const mask = masksOf(policy, { image: map }, 0.1)["torquelens.mask.image"]!;
  expect([...(mask.data as Float32Array)].flatMap((x, i) => (x === 0 ? [i] : []))).toEqual([5, 7]);
  const none = masksOf(policy, { image: new Float32Array(96 * 96) }, 0.1)["torquelens.mask.image"]!;
  expect((none.data as Float32Array).every((x) => x === 1)).toBe(true);
  expect(() => masksOf(policy, { image: new Float32Array(9) }, 0.1)).toThrow(
    "the saliency of image has 9 pixels, expected 9216",
  );
});
