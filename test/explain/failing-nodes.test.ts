import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { InputError } from "#src/errors.js";
import { Explainer } from "#src/explain/explainer.js";
import { loadPolicy } from "#src/policy/policy.js";
import { initializer, modelBytes, type NodeText, valueInfo } from "../graph/onnx-model.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-nodes-"));
});
afterAll(() => rm(folder, { recursive: true }));

const CARD = {
  torquelens_card: 1,
  name: "indexed",
  control_period: 0.05,
  joints: ["shoulder", "elbow"],
  torque: { output: "torque", limits: [3, 2] },
  inputs: { configuration: [{ modality: "joint_position", start: 0, size: 2, unit: "rad" }] },
};

const node = (op: string, inputs: string[], outputs: string[], attributes = {}): NodeText => ({
  op,
  inputs,
  outputs,
  attributes,
  name: `the ${op}`,
});

/** `h` = the positions times 2, `i` = its whole part. */
const BEGINNING = [node("Mul", ["configuration", "two"], ["h"]), node("Cast", ["h"], ["i"], { to: 7 })];

/** Policies whose index is in range at rest and out of range where the first joint is at 5. */
const POLICIES: Readonly<Record<string, readonly NodeText[]>> = {
  GatherElements: [node("GatherElements", ["h", "i"], ["torque"], { axis: 1 })],
  ScatterElements: [node("ScatterElements", ["h", "i", "h"], ["torque"], { axis: 1 })],
  Gather: [node("Reshape", ["i", "pair"], ["flat"]), node("Gather", ["h", "flat"], ["torque"], { axis: 1 })],
};

async function explainerOf(nodes: readonly NodeText[], worker: boolean): Promise<readonly [Explainer, string]> {
  const path = join(folder, "policy.onnx");
  const inputs = [valueInfo("configuration", "float32", [1, 2])];
  const outputs = [valueInfo("torque", "float32", [1, 2])];
  const initializers = [initializer("two", "float32", [1], [2]), initializer("pair", "int64", [1], [2])];
  await writeFile(path, modelBytes({ nodes: [...BEGINNING, ...nodes], inputs, outputs, initializers }));
  await writeFile(join(folder, "policy.yaml"), stringify(CARD));
  return [await Explainer.create(await loadPolicy(path), { method: "gradient", worker }), path];
}

const at = (tick: number, position: number) => ({
  tick,
  stamp: 0n,
  images: {},
  values: { joint_position: Float64Array.of(position, 0) },
  joints: { names: CARD.joints, position: Float64Array.of(position, 0), velocity: new Float64Array(2) },
  transforms: [],
  importance: Float64Array.of(1, 1),
  flags: [],
});

test.each(
  Object.entries(POLICIES).flatMap(([op, nodes]) => [true, false].map((worker) => [op, worker, nodes] as const)),
)(
  "%s out of range on some observations names node, file and tick (worker: %s), and the next tick is explained",
  async (op, worker, nodes) => {
    const [explainer, path] = await explainerOf(nodes, worker);
    try {
      const torque = (await explainer.explain(at(0, 0))).torque;
      const failed = explainer.explain(at(1, 5));
      await expect(failed).rejects.toThrow(InputError);
      await expect(failed).rejects.toThrow(`${path}: tick 1: node "the ${op}" (${op}) fails on these inputs: `);
      expect(((await failed.catch((error: unknown) => error)) as Error).message).not.toContain("onnxruntime_src");
      expect((await explainer.explain(at(2, 0))).torque).toEqual(torque);
    } finally {
      await explainer.close();
    }
  },
);

test("a node that fails on every input is refused when the policy is loaded", async () => {
  const nodes = [node("Add", ["i", "far"], ["j"]), node("GatherElements", ["h", "j"], ["torque"], { axis: 1 })];
  const path = join(folder, "always.onnx");
  const inputs = [valueInfo("configuration", "float32", [1, 2])];
  const outputs = [valueInfo("torque", "float32", [1, 2])];
  const initializers = [initializer("two", "float32", [1], [2]), initializer("far", "int64", [1], [100])];
  await writeFile(path, modelBytes({ nodes: [...BEGINNING, ...nodes], inputs, outputs, initializers }));
  await writeFile(join(folder, "always.yaml"), stringify(CARD));
  const policy = await loadPolicy(path);
  await expect(Explainer.create(policy, { method: "gradient" })).rejects.toThrow(
    new RegExp(`^${path}: node "the GatherElements" \\(GatherElements\\) fails on these inputs: `),
  );
});
