import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { shippedPolicy } from "#src/package-files.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { reacherCard } from "../../policy/cards.js";
import { reacherModel } from "../../policy/model.js";
import { worldPolicy } from "../../sim/worlds/policies.js";
import { inOwnProcess, torquelens } from "../run.js";

let folder: string;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-attack-"));
  const pixels = Uint8Array.from({ length: 80 * 64 * 3 }, (_, i) => (i * 31) % 256);
  await sharp(pixels, { raw: { width: 80, height: 64, channels: 3 } })
    .png()
    .toFile(file("camera.png"));
  const state = {
    joint_position: [0.3, -0.8],
    joint_velocity: [1, -2],
    end_effector_position: [0.1, 0.2, 0],
    end_effector_velocity: [0.4, -0.3, 0],
  };
  await writeFile(file("state.json"), JSON.stringify(state));
  await writeFile(file("reacher.onnx"), reacherModel());
  await writeFile(file("reacher.yaml"), stringify(reacherCard()));
  const { torque, ...card } = reacherCard();
  await writeFile(
    file("unlimited.yaml"),
    stringify({ ...card, torque: { output: torque!.output }, idle_threshold: 0.001 }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

const observation = () => ["--image", file("camera.png"), "--state", file("state.json")];

test("one observation: a number, a picture, and JSON", async () => {
  const run = (...more: string[]) =>
    torquelens("attack", file("reacher.onnx"), ...observation(), "--attack", "fgsm", "--part", "0.001", ...more);
  const { code, stdout, stderr } = await run("-o", file("out"));
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^ {2}0 +(\d+) of 255 +(shoulder|elbow) \S+ → \S+ N·m +\d+ of 20$/m);
  expect(stdout).toMatch(/fgsm needs at least \d+ of 255 levels for a command moved by 0 % of its limit/);
  expect(await readdir(file("out"))).toEqual(["attack-0.png"]);
  expect(await sharp(file("out/attack-0.png")).metadata()).toMatchObject({ width: 3 * 80 + 8, height: 64 });
  const report = JSON.parse((await run("--json")).stdout);
  expect(report).toMatchObject({ attack: "fgsm", image: "image", levels: 255, outputs: ["shoulder", "elbow"] });
  const [{ level, before, after, output }] = report.moments;
  const j = report.outputs.indexOf(output);
  expect(level).toBeGreaterThan(0);
  expect(Math.abs(after[j] - before[j])).toBeGreaterThan(0);
});

test("moments of an episode", async () => {
  const { code, stdout } = await inOwnProcess(
    "attack",
    shippedPolicy("reacher"),
    "--task",
    "reacher",
    "--ticks",
    "2",
    "--json",
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout).moments.map(({ tick }: { tick: number }) => tick)).toHaveLength(2);
});

test("moments of a world: an action flips, or a number moves", async () => {
  const attack = async (policy: string, ...options: string[]) => {
    const { code, stdout, stderr } = await torquelens("attack", policy, ...options);
    expect([code, stderr]).toEqual([0, ""]);
    return stdout;
  };
  const fetch = ["--task", "red-fetch-green", "--ticks", "3"];
  const text = await attack(shippedPolicy("red-fetch-green"), ...fetch);
  expect(text.match(/^ +\d+ +\d+ of 255 +(left|right|forward|pickup) → (left|right|forward|pickup) /gm)).toHaveLength(
    3,
  );
  expect(text).toMatch(/pgd needs at least \d+ of 255 levels for another action/);
  for (const { before, after, output } of JSON.parse(
    await attack(shippedPolicy("red-fetch-green"), ...fetch, "--attack", "mad", "--json"),
  ).moments) {
    const taken = before.indexOf(Math.max(...before));
    const now = after.indexOf(Math.max(...after));
    expect(now).not.toBe(taken);
    expect(output).toBe(["left", "right", "forward", "pickup"][now]);
  }
  const { bytes, card } = worldPolicy(worldNamed("highway").facts);
  await writeFile(file("highway.onnx"), bytes);
  await writeFile(file("highway.yaml"), stringify(card));
  const drive = ["--task", "highway", "--ticks", "1", "--attack", "fgsm", "--json"];
  const [moment] = JSON.parse(await attack(file("highway.onnx"), ...drive)).moments;
  const limit = { steering: 0.04, throttle: 4 }[moment.output as "steering" | "throttle"];
  const j = moment.output === "steering" ? 0 : 1;
  expect(Math.abs(moment.after[j] - moment.before[j])).toBeGreaterThanOrEqual(0.1 * limit);
});

test.each([
  [[], "expected --task, or --image and --state"],
  [["--image", "camera.png", "--task", "reacher"], "expected --task, or --image and --state, not both"],
  [["--task", "reacher", "--camera", "wrist"], 'no image named "wrist"; expected image'],
  [["--task", "juggling"], 'no task or world named "juggling"; expected'],
  [["--attack", "deepfool"], "argument 'deepfool' is invalid. Allowed choices are fgsm, pgd, mi-fgsm, mad."],
  [["--task", "reacher", "--part", "0"], "Expected a number, 0.001 to 10."],
])("%j is refused in one line", async (options, message) => {
  const { code, stderr, stdout } = await torquelens("attack", shippedPolicy("reacher"), ...options);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test("outputs without limits are refused", async () => {
  const { code, stderr } = await torquelens(
    "attack",
    file("reacher.onnx"),
    ...observation(),
    "--card",
    file("unlimited.yaml"),
  );
  expect(code).toBe(2);
  expect(stderr).toContain("output shoulder has no limit, expected one that its change is measured by");
});
