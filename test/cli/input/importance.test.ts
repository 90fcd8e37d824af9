import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { importanceAt } from "#src/cli/input/importance.js";
import { InputError } from "#src/errors.js";
import { loadPolicy } from "#src/policy/policy.js";
import { reacherCard } from "../../policy/cards.js";
import { reacherModel } from "../../policy/model.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-importance-"));
  await writeFile(join(folder, "reacher.onnx"), reacherModel());
});
afterAll(() => rm(folder, { recursive: true }));

async function policyWith(arm: object | undefined) {
  const card = join(folder, "reacher.yaml");
  await writeFile(card, stringify({ ...reacherCard(), ...(arm && { arm }) }));
  return loadPolicy(join(folder, "reacher.onnx"));
}

const reacher = { file: resolve("models/reacher.xml"), site: "ee" };
const pose = {
  names: ["elbow", "other", "shoulder"],
  position: Float64Array.of(0.5, 9, 0.2),
  velocity: new Float64Array(3),
};

test("α is the arm's, its joints found by name", async () => {
  const { importance, flags } = await importanceAt(await policyWith(reacher), pose);
  expect(flags).toEqual([]);
  expect(importance[0]! + importance[1]!).toBeCloseTo(2, 9);
  const ordered = { names: ["shoulder", "elbow"], position: Float64Array.of(0.2, 0.5), velocity: new Float64Array(2) };
  expect((await importanceAt(await policyWith(reacher), ordered)).importance).toEqual(importance);
  const link = await importanceAt(await policyWith({ file: resolve("urdf/reacher.urdf"), link: "fingertip" }), pose);
  // A URDF has no time step: MuJoCo's own of 2 ms integrates the same motion more finely than the MJCF's of 10 ms.
  importance.forEach((alpha, j) => {
    expect(Math.abs(link.importance[j]! - alpha)).toBeLessThan(0.05);
  });
});

test("α is 1 and flagged unknown without an arm, or without a joint's position", async () => {
  const unknown = { importance: Float64Array.of(1, 1), flags: ["importance_unknown"] };
  expect(await importanceAt(await policyWith(undefined), pose)).toEqual(unknown);
  const elbow = { names: ["elbow"], position: new Float64Array(1), velocity: new Float64Array(1) };
  expect(await importanceAt(await policyWith(reacher), elbow)).toEqual(unknown);
});

test("refused: an arm's file that is missing, and an end effector that it lacks", async () => {
  const none = await policyWith({ file: "none.xml", site: "ee" });
  await expect(importanceAt(none, pose)).rejects.toThrow(InputError);
  const wrist = await policyWith({ ...reacher, site: "wrist" });
  await expect(importanceAt(wrist, pose)).rejects.toThrow(/reacher\.xml.*wrist/);
});
