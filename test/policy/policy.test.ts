import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stringify } from "yaml";
import { InputError } from "#src/errors.js";
import { operatorsOf } from "#src/policy/operators.js";
import { loadPolicy } from "#src/policy/policy.js";
import { reacherCard } from "./cards.js";
import { reacherModel, unsupportedModel } from "./model.js";

let folder: string;
let model: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-policy-"));
  model = join(folder, "reacher.onnx");
});
afterEach(() => rm(folder, { recursive: true }));

const yaml = (change: object = {}) => stringify({ ...reacherCard(), ...change });

test("a policy is loaded with the card beside it", async () => {
  const bytes = reacherModel();
  await writeFile(model, bytes);
  await writeFile(join(folder, "reacher.yaml"), yaml({ arm: { file: "arms/reacher.xml", site: "tip" } }));
  const policy = await loadPolicy(model);
  expect(policy.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
  expect(policy.cardSource).toBe(join(folder, "reacher.yaml"));
  expect(policy.armFile).toBe(join(folder, "arms", "reacher.xml"));
  expect(policy.modalities.map((modality) => modality.name)).toEqual([
    "image",
    "joint_position",
    "joint_velocity",
    "end_effector_position",
    "end_effector_velocity",
  ]);
  expect([...policy.graph.outputs.keys()]).toEqual(["torque"]);
});

test("a card given by name precedes the one next to the model, and that one the card in the model", async () => {
  await writeFile(model, reacherModel({ "torquelens.card": yaml({ name: "inside" }) }));
  const inside = await loadPolicy(model);
  expect([inside.card.name, inside.cardSource]).toEqual(["inside", `${model} (metadata torquelens.card)`]);
  await writeFile(join(folder, "reacher.yaml"), yaml({ name: "beside" }));
  expect((await loadPolicy(model)).card.name).toBe("beside");
  await mkdir(join(folder, "cards"));
  const given = join(folder, "cards", "mine.yaml");
  await writeFile(given, yaml({ name: "given", arm: { file: "arm.urdf", site: "tip" } }));
  const policy = await loadPolicy(model, { card: given });
  expect([policy.card.name, policy.armFile]).toEqual(["given", join(folder, "cards", "arm.urdf")]);
});

test("refused: a missing file", async () => {
  await expect(loadPolicy(model)).rejects.toThrow(new InputError(`${model}: cannot read the policy (no such file)`));
});

test("refused: a file that is not ONNX, and a truncated one", async () => {
  await writeFile(model, "MuJoCo");
  await expect(loadPolicy(model)).rejects.toThrow(InputError);
  const bytes = reacherModel();
  for (const part of [0.1, 0.5, 0.9]) {
    await writeFile(model, bytes.subarray(0, Math.floor(bytes.length * part)));
    const refusal = await loadPolicy(model).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(InputError);
    expect((refusal as Error).message).toMatch(/ONNX/);
  }
});

test("refused: no card, naming both places searched", async () => {
  await writeFile(model, reacherModel());
  const beside = join(folder, "reacher.yaml");
  await expect(loadPolicy(model)).rejects.toThrow(
    new InputError(
      `${model}: no policy card, expected ${beside} or "torquelens.card" in the model's metadata (torquelens inspect --template ${model} -o ${beside} writes one to fill in)`,
    ),
  );
});

test("refused: a card that does not fit, from the model's metadata", async () => {
  await writeFile(model, reacherModel({ "torquelens.card": yaml({ torque: { output: "action", limits: 1 } }) }));
  const source = `${model} (metadata torquelens.card)`;
  await expect(loadPolicy(model)).rejects.toThrow(
    new InputError(`${source}: torque.output: the model has no output "action", expected one of torque`),
  );
});

test("operators that are written with others when they are read are supported", () => {
  const path = new URL("../data/reference/architectures/lstm-ts17.onnx", import.meta.url);
  const uses = operatorsOf(readFileSync(path), "lstm.onnx");
  expect(uses.find(({ name }) => name === "LSTM")).toMatchObject({ supported: true });
  expect(uses.every(({ supported }) => supported)).toBe(true);
});

test("a model's operators are counted, the unsupported ones too", () => {
  const counts = operatorsOf(reacherModel(), "reacher.onnx").map(({ name, count }) => [name, count]);
  expect(counts).toContainEqual(["Conv", 1]);
  expect(counts).toContainEqual(["Relu", 2]);
  expect(operatorsOf(unsupportedModel(), "odd.onnx")).toMatchObject([
    { name: "Sigmoid", count: 1, supported: true, nodes: ["squash"] },
    { name: "Zork", count: 1, supported: false },
  ]);
});
