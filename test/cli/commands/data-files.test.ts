import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stringify } from "yaml";
import { loadPolicy } from "#src/policy/policy.js";
import { reacherCard } from "../../policy/cards.js";
import { reacherModel } from "../../policy/model.js";
import { scatter } from "../../policy/scatter.js";
import { refusal, torquelens } from "../run.js";

/** A policy with its weights in `policy.data`, and the same with all data inside, `inside.onnx`. */
let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-data-files-"));
  await scatter(reacherModel(), folder);
  await writeFile(at("inside.onnx"), reacherModel());
  for (const name of ["policy.yaml", "inside.yaml"]) await writeFile(at(name), stringify(reacherCard()));
});
afterEach(() => rm(folder, { recursive: true }));

test("compile writes one file with all data inside, equal to that of the policy with its data inside", async () => {
  for (const name of ["policy", "inside"])
    expect(await torquelens("compile", at(`${name}.onnx`), "-o", at(`${name}-explained.onnx`))).toMatchObject({
      code: 0,
      stderr: "",
    });
  const hex = async (name: string) => (await loadPolicy(at(name))).sha256;
  const text = (await readFile(at("policy-explained.onnx"))).toString("latin1");
  const same = (await readFile(at("inside-explained.onnx"))).toString("latin1");
  expect(text.replace(await hex("policy.onnx"), await hex("inside.onnx"))).toBe(same);
});

test("explain gives what it gives for the policy with its data inside, under another digest", async () => {
  await sharp(new Uint8Array(80 * 64 * 3).fill(90), { raw: { width: 80, height: 64, channels: 3 } })
    .png()
    .toFile(at("camera.png"));
  const state = { joint_position: [0.3, -0.8], joint_velocity: [1, -2] };
  const tip = { end_effector_position: [0.1, 0.2, 0], end_effector_velocity: [0.4, -0.3, 0] };
  await writeFile(at("state.json"), JSON.stringify({ ...state, ...tip }));
  const observation = ["--image", at("camera.png"), "--state", at("state.json"), "--json"];
  const explained = async (name: string) => {
    const { stdout } = await torquelens("explain", at(`${name}.onnx`), ...observation);
    const { policy_sha256, torque, shares, per_torque } = JSON.parse(stdout);
    expect(torque).toHaveLength(2);
    return { policy_sha256, rest: { torque, shares, per_torque } };
  };
  const [beside, inside] = [await explained("policy"), await explained("inside")];
  expect(beside.policy_sha256).toBe((await loadPolicy(at("policy.onnx"))).sha256);
  expect(beside.policy_sha256).not.toBe(inside.policy_sha256);
  expect(beside.rest).toEqual(inside.rest);
});

test("inspect names the files with the weights", async () => {
  const { stdout } = await torquelens("inspect", at("policy.onnx"));
  expect(stdout).toMatch(/^.*policy\.onnx: operator set 18, sha256 [0-9a-f]{64}, with weights in policy\.data$/m);
  const report = JSON.parse((await torquelens("inspect", at("policy.onnx"), "--json")).stdout);
  expect(report.data_files).toEqual([at("policy.data")]);
});

test("a missing file is named in one line, by inspect with the operators all the same", async () => {
  await rm(at("policy.data"));
  const message = `${at("policy.onnx")}: its data is in other files, and these are missing: policy.data; expected in the model's folder (or export it with all data inside, in PyTorch by external_data=False)`;
  expect(await torquelens("compile", at("policy.onnx"), "-o", at("out.onnx"))).toMatchObject(refusal(message));
  const inspected = await torquelens("inspect", at("policy.onnx"));
  expect(inspected).toMatchObject(refusal(message));
  expect(inspected.stdout).toMatch(/^ {2}Conv +1/m);
});

test.each([
  ["compile", ["compile", "policy.onnx", "-o", "policy.data"]],
  ["sim", ["sim", "--policy", "policy.onnx", "--record", "policy.data", "--ticks", "1"]],
])("refused: %s that would overwrite the policy's data", async (_title, argv) => {
  const before = await readFile(at("policy.data"));
  const files = argv.map((word) => (word.startsWith("policy.") ? at(word) : word));
  expect(await torquelens(...files)).toMatchObject(
    refusal(`${at("policy.data")}: it is an input of this command, expected a file of its own`),
  );
  expect((await readFile(at("policy.data"))).equals(before)).toBe(true);
});
