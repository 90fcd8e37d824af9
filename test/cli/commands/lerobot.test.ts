import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { config, model, writeFolder } from "../../policy/lerobot-folder.js";
import { refusal, torquelens } from "../run.js";

const dataset = fileURLToPath(new URL("../../data/lerobot/v3.0", import.meta.url));
const vector = { mean: [0.2, 0, 0.05], std: [0.15, 0.6, 0.05], min: [0, -0.5, 0], max: [0.4, 0.5, 0.1] };
const image = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.2] };
const stats = { "observation.images.top": image, "observation.state": vector, action: vector };
const features = {
  input_features: {
    "observation.images.top": { type: "VISUAL", shape: [3, 8, 8] },
    "observation.state": { type: "STATE", shape: [3] },
  },
  output_features: { action: { type: "ACTION", shape: [3] } },
};

let folder: string;
let policy: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-lerobot-"));
  policy = join(folder, "policy");
  await writeFolder(policy, { stats, config: config(features), model: model([], 3) });
});
afterAll(() => rm(folder, { recursive: true }));

test("replay of a data set with a LeRobot folder: names and rate from the data set, its outcomes in the report", async () => {
  const out = join(folder, "out.mcap");
  const { code, stderr } = await torquelens("replay", dataset, "--policy", policy, "-o", out);
  expect([code, stderr.replace(/^.*\r|\n$/g, "")]).toEqual([0, ""]);
  const report = await torquelens("report", out, "--json");
  expect(report.code).toBe(0);
  const { sets } = JSON.parse(report.stdout) as { sets: { runs: { outcome: { success: boolean } }[] }[] };
  expect(sets[0]!.runs.map(({ outcome }) => outcome.success)).toEqual([false, true]);
});

test("doctor takes folder and data set, and compares with the actions of the data", async () => {
  const { stdout } = await torquelens("doctor", policy, `${dataset}@0`, "--json");
  const { findings } = JSON.parse(stdout) as { findings: { check: string; grade: string; text: string }[] };
  expect(findings.find(({ check }) => check === "recording")!.text).toBe(
    "5 observations from /observation/images/top/compressed as image, /joint_states",
  );
  expect(findings.find(({ check }) => check === "commands")!.text).toMatch(/on \/action/);
});

test("inspect shows the made card, and writes what a folder does not tell; explain asks for it by name", async () => {
  const at = join(policy, "torquelens.yaml");
  expect(await torquelens("explain", policy)).toMatchObject(
    refusal(
      `${join(policy, "config.json")}: does not tell control_period: seconds between two actions; joints: names of the 3 elements of action, in its order; write them to ${at}, or put the data set's meta/info.json into the folder`,
    ),
  );
  expect((await torquelens("inspect", policy, "--template", "-o", at)).code).toBe(0);
  expect(await readdir(policy)).toContain("torquelens.yaml");
  await writeFile(at, "control_period: 0.1\njoints: [shoulder, elbow, gripper]\n");
  const { code, stdout } = await torquelens("inspect", policy);
  expect(code).toBe(0);
  expect(stdout).toMatch(/name +act policy/);
  expect(stdout).toMatch(/control period +0\.1 s/);
});
