import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { writeModel } from "#src/graph/onnx-write.js";
import { draftOfFolder } from "#src/policy/folder-card.js";
import { loadModel, loadPolicy } from "#src/policy/policy.js";
import { plainSession } from "../plain-session.js";
import { config, info, JOINTS, model, type Stats, writeFolder } from "./lerobot-folder.js";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "torquelens-lerobot-"));
});
afterAll(() => rm(root, { recursive: true }));
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(root, "policy-"));
});

const mean = [0.1, -0.4, 1.2, 0, 0.3, 0.5];
const std = [0.5, 0.6, 0.7, 0.8, 0.9, 0.2];
const low = [-1, -2, -1.5, -1, -3, 0];
const high = [1, 2, 2.5, 1.4, 3, 1];
const image = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], min: [0, 0, 0], max: [1, 1, 1] };
const joints = {
  mean,
  std,
  min: low,
  max: high,
  q01: low.map((x) => 0.9 * x),
  q99: high.map((x) => 0.9 * x),
  q10: low,
  q90: high,
};
const stats: Stats = { "observation.images.top": image, "observation.state": joints, action: joints };

const pixels = Float32Array.from({ length: 192 }, (_, i) => (i % 11) / 10);
const state = Float32Array.from([0.2, -0.1, 0.4, 0.3, -0.2, 0.6]);

/** What the network itself gives for numbers that are normalised here, by the formulas of the modes. */
async function expected(
  normalised: readonly number[],
  visual: readonly [number[], number[]],
  back: (x: number, i: number) => number,
) {
  const session = await plainSession(model());
  const given = Float32Array.from(
    pixels,
    (x, i) => (x - visual[0][Math.floor(i / 64)]!) / visual[1][Math.floor(i / 64)]!,
  );
  const { action } = await session.run({
    "observation.images.top": { dtype: "float32", shape: [1, 3, 8, 8], data: given },
    "observation.state": { dtype: "float32", shape: [1, 6], data: Float32Array.from(normalised) },
  });
  await session.release();
  // Targets of joints are explained as the change from the present position, the gripper as it is.
  return Array.from(action!.data as Float32Array)
    .slice(0, 6)
    .map((x, i) => back(x, i) - (i < 5 ? state[i]! : 0));
}

/** What the explained graph gives in physical units. */
async function commanded(): Promise<number[]> {
  const policy = await loadPolicy(folder);
  const session = await plainSession(writeModel(policy.graph));
  const outputs = await session.run({
    "observation.images.top": { dtype: "float32", shape: [1, 3, 8, 8], data: pixels },
    "observation.state": { dtype: "float32", shape: [1, 6], data: state },
  });
  await session.release();
  return Array.from(outputs[policy.command]!.data as Float32Array);
}

const close = (found: readonly number[], wanted: readonly number[]) =>
  found.forEach((x, i) => {
    expect(Math.abs(x - wanted[i]!)).toBeLessThan(2e-5 * Math.max(1, Math.abs(wanted[i]!)));
  });
const byDeviation = Array.from(state, (x, i) => (x - mean[i]!) / std[i]!);
const between = (a: readonly number[], b: readonly number[]) =>
  Array.from(state, (x, i) => (2 * (x - a[i]!)) / (b[i]! - a[i]!) - 1);
const imagenet = [image.mean, image.std] as const satisfies [number[], number[]];

test.each(["processors", "buffers"] as const)("statistics among the %s: mean and deviation", async (format) => {
  await writeFolder(folder, { stats, format, info: info() });
  close(await commanded(), await expected(byDeviation, imagenet, (x, i) => x * std[i]! + mean[i]!));
  const policy = await loadPolicy(folder);
  expect([policy.card.control_period, policy.card.joints]).toEqual([0.04, JOINTS]);
  expect(policy.outputs.map(({ name, kind }) => [name, kind])).toEqual(
    JOINTS.map((name) => [name, name === "gripper" ? "gripper" : "joint_position"]),
  );
  expect(policy.modalities.map(({ name, kind }) => [name, kind])).toEqual([
    ["image", "image"],
    ["joint_position", "values"],
  ]);
});

test.each([
  ["MIN_MAX", low, high],
  ["QUANTILES", joints.q01, joints.q99],
  ["QUANTILE10", joints.q10, joints.q90],
] as const)("statistics by %s, images as they are", async (mode, from, to) => {
  await writeFolder(folder, { stats, info: info(), modes: { VISUAL: "IDENTITY", STATE: mode, ACTION: mode } });
  const back = (x: number, i: number) => ((x + 1) / 2) * (to[i]! - from[i]!) + from[i]!;
  close(
    await commanded(),
    await expected(
      between(from, to),
      [
        [0, 0, 0],
        [1, 1, 1],
      ],
      back,
    ),
  );
});

test("files that LeRobot 0.4.4 wrote itself: what its processors make of numbers, the card does too", async () => {
  const written = fileURLToPath(new URL("../data/lerobot/policy-0.4", import.meta.url));
  await cp(written, folder, { recursive: true });
  await writeFile(join(folder, "model.onnx"), model());
  await writeFile(join(folder, "torquelens.yaml"), `control_period: 0.02\njoints: [${JOINTS.join(", ")}]\n`);
  const { card } = await loadPolicy(folder);
  const told = JSON.parse(await readFile(join(folder, "expected.json"), "utf8")) as Record<
    string,
    [number[], number[]]
  >;
  const [slice] = card.inputs["observation.state"] as { mean: number[]; std: number[] }[];
  const camera = card.inputs["observation.images.top"] as { mean: number[]; std: number[] };
  const forward = ({ mean: m, std: s }: { mean: number[]; std: number[] }, values: readonly number[]) =>
    values.map((value, i) => (value - m[i]!) / s[i]!);
  close(forward(slice!, told.state![0]), told.state![1]);
  close(forward(camera, told.pixel![0]), told.pixel![1]);
  const slices = card.outputs!.action as { mean: number[]; std: number[] }[];
  const [m, s] = [slices.flatMap((one) => one.mean), slices.flatMap((one) => one.std)];
  close(
    told.action![0].map((value, i) => m[i]! + s[i]! * value),
    told.action![1],
  );
});

test("a model that holds the statistics itself is not normalised again", async () => {
  await writeFolder(folder, { stats, info: info(), model: model(mean) });
  const { card } = await loadPolicy(folder);
  expect(card.inputs["observation.state"]).toEqual([{ modality: "joint_position", start: 0, elements: JOINTS }]);
});

test("numbers beyond a turn are no angles: they keep the robot's own unit", async () => {
  const degrees = { mean: mean.map((x) => 60 * x), std: std.map((x) => 60 * x) };
  await writeFolder(folder, { stats: { ...stats, "observation.state": degrees, action: degrees }, info: info() });
  const policy = await loadPolicy(folder);
  expect(policy.outputs.map(({ kind }) => kind)).toEqual([...Array(5).fill("other"), "gripper"]);
  expect(policy.modalities[1]).toMatchObject({ name: "joint_position", quantity: "other" });
});

test("what the folder does not tell is asked for by name, and taken from torquelens.yaml", async () => {
  await writeFolder(folder, { stats });
  const at = join(folder, "torquelens.yaml");
  await expect(loadPolicy(folder)).rejects.toThrow(
    `${join(folder, "config.json")}: does not tell control_period: seconds between two actions; ` +
      `joints: names of the 6 elements of action, in its order; write them to ${at}, or put the data set's meta/info.json into the folder`,
  );
  const draft = (await draftOfFolder(await loadModel(folder)))!;
  expect(parse(draft)).toEqual({ control_period: null, joints: null });
  await writeFile(at, `control_period: 0.02\njoints: [${JOINTS.join(", ")}]\nname: mine\n`);
  const policy = await loadPolicy(folder);
  expect([policy.card.name, policy.card.control_period, policy.card.joints]).toEqual(["mine", 0.02, JOINTS]);
  expect(policy.cardFiles).toContain(at);
  expect((await loadPolicy(folder, { card: policy.cardSource })).card).toEqual(policy.card);
});

test("refused in one line: statistics that do not fit, two policies, a path out of the folder, a file cut short", async () => {
  const refused = async (line: string) => {
    const error = await loadPolicy(folder).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message.replaceAll(folder, "F")).toBe(line);
    expect(error?.name).toBe("InputError");
  };
  await writeFolder(folder, { stats: { ...stats, "observation.state": { mean: [1, 2], std: [1, 1] } }, info: info() });
  await refused(
    "F/config.json: the statistics of observation.state have 2 numbers, expected 6: the model has observation.state float32 [1, 6]",
  );
  await writeFolder(folder, { stats: { ...stats, action: { mean } }, info: info() });
  await refused("policy_postprocessor.json: normalises action by MEAN_STD, which needs std; its statistics have none");
  await writeFolder(folder, { stats, config: config({ chunk_size: 50, n_action_steps: 10 }), info: info() });
  await refused("F/config.json: a chunk of 50 actions, but the model's action is float32 [1, 4, 6]");
  await writeFolder(folder, { stats, info: info() });
  await writeFile(join(folder, "policy_preprocessor_step_3_normalizer_processor.safetensors"), "short");
  await refused(
    "F/policy_preprocessor_step_3_normalizer_processor.safetensors: not a safetensors file, or truncated (its header does not fit into 5 bytes)",
  );
  await rm(join(folder, "policy_preprocessor_step_3_normalizer_processor.safetensors"));
  await symlink("/etc/hostname", join(folder, "policy_preprocessor_step_3_normalizer_processor.safetensors"));
  await refused(
    "F/policy_preprocessor.json: its statistics are in policy_preprocessor_step_3_normalizer_processor.safetensors, outside of the model's folder; expected a file in it",
  );
  await writeFile(join(folder, "second.onnx"), model());
  await refused("F: several policies (model.onnx, second.onnx), expected one, or the name of one of them");
});
