import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { Explainer } from "#src/explain/explainer.js";
import { loadPolicy } from "#src/policy/policy.js";
import { writeMcap } from "../bag/recordings.js";
import { torquelens } from "../cli/run.js";
import { CHOICES, chooser, numbers, observed } from "./heads.js";
import { recording } from "./recording.js";
import { sent } from "./sent.js";

/** A policy that chooses among actions, through everything that a user meets: files, a recording, a report, the live socket. */

let folder: string;
const file = (name: string) => join(folder, name);
const policy = () => file("chooser.onnx");
const SPEED = "speed=0.3,-0.1";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-actions-"));
  const { bytes, card } = chooser("softmax");
  await writeFile(policy(), bytes);
  await writeFile(file("chooser.yaml"), stringify(card));
  await writeFile(file("state.json"), JSON.stringify({ speed: [0.3, -0.1] }));
  await writeMcap(file("run.mcap"), recording([]));
  const picture = Uint8Array.from(numbers(9)(32 * 24 * 3, 127), (x) => 127 + x);
  await sharp(picture, { raw: { width: 32, height: 24, channels: 3 } })
    .png()
    .toFile(file("camera.png"));
});
afterAll(() => rm(folder, { recursive: true }));

const explain = (...options: readonly string[]) =>
  torquelens("explain", policy(), "--image", file("camera.png"), "--state", file("state.json"), ...options);
/** Words of torques, in what a user reads. */
const TORQUES = /torque(?!lens)|N·m|τ|joint/;

test("explain tells the chosen action, and the probabilities of all", async () => {
  const shown = await explain();
  expect([shown.code, shown.stderr, shown.stdout]).toEqual([0, "", expect.not.stringMatching(TORQUES)]);
  expect(shown.stdout).toMatch(/^ *action +logit +probability +importance\n/);
  const json = JSON.parse((await explain("--json")).stdout);
  expect(json.joints).toEqual(CHOICES);
  expect(json.kinds).toEqual(CHOICES.map(() => "action_logit"));
  const most = json.probabilities.indexOf(Math.max(...json.probabilities));
  expect(json.chosen).toBe(CHOICES[most]);
  expect(json.probabilities.reduce((x: number, y: number) => x + y)).toBeCloseTo(1, 6);
  expect(json.importance).toEqual(CHOICES.map((_, a) => Number(a === most)));
  expect(shown.stdout).toContain(`chosen: ${json.chosen}`);
});

test("explain answers for another action, and why this rather than that", async () => {
  const { chosen } = JSON.parse((await explain("--json")).stdout);
  const other = CHOICES.find((name) => name !== chosen)!;
  for (const option of ["--action", "--joint"])
    expect(JSON.parse((await explain(option, other, "--json")).stdout)).toMatchObject({
      chosen,
      importance: CHOICES.map((name) => Number(name === other)),
    });
  expect((await explain("--contrast", other)).stdout).toContain(`evidence for ${other} rather than the other actions`);
  expect((await explain("--against", other)).stdout).toContain(`evidence for ${chosen} rather than ${other}`);
  const json = JSON.parse((await explain("--contrast", other, "--against", chosen, "--json")).stdout);
  expect(json).toMatchObject({ contrast: other, against: chosen, method: "lrp-gamma:soft-argmax=gradient" });
});

test.each([
  [["--action", "jump"], "heatmap of action jump: expected one of left, right, forward, pickup, chosen"],
  [["--against", "jump"], "contrast against action jump: expected one of left, right, forward, pickup, chosen"],
  [
    ["--contrast", "left", "--method", "guided-backprop"],
    "contrast of left: method guided-backprop does not tell outputs apart; expected ",
  ],
  [["--joint", "left", "--against", "right"], "--joint and --against: expected one of the two"],
])("explain %j: one line", async (options, line) => {
  const { code, stderr } = await explain(...options);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^torquelens: [^\n]*\n$/)]);
  expect(stderr).toContain(line);
});

test("a policy of torques has no action to be asked about", async () => {
  const { code, stderr } = await torquelens("sim", "--action", "left", "--no-live", "--ticks", "1");
  expect([code, stderr]).toEqual([
    2,
    "torquelens: --action left: the policy commands torques, expected one that chooses among actions\n",
  ]);
});

test("a recording is replayed and reported in its words", async () => {
  const output = file("explained.mcap");
  const replayed = await torquelens(
    ...["replay", file("run.mcap"), "--policy", policy(), "-o", output, "--value", SPEED, "--json"],
  );
  expect([replayed.code, replayed.stderr]).toEqual([0, ""]);
  const ticks = replayed.stdout
    .trim()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  expect(ticks).toHaveLength(6);
  for (const { chosen, probabilities } of ticks)
    expect(chosen).toBe(CHOICES[probabilities.indexOf(Math.max(...probabilities))]);
  const [page, table] = [file("report.html"), file("report.csv")];
  const reported = await torquelens("report", output, "-o", page, "--csv", table, "--json");
  expect(reported.code).toBe(0);
  const [set] = JSON.parse(reported.stdout).sets;
  expect(set.per_output.map(({ joint }: { joint: string }) => joint)).toEqual(CHOICES);
  expect(set.outputs).toEqual(CHOICES.map(() => ({ kind: "action_logit", unit: "1", measured_from: "zero" })));
  const html = await readFile(page, "utf8");
  expect(/torque(?!lens)|N·m|τ/.test(html)).toBe(false);
});

test("the live socket sends every action's probability, and the chosen one", async () => {
  const loaded = await loadPolicy(policy());
  const explainer = await Explainer.create(loaded, { worker: false });
  const explanation = await explainer.explain({ ...observed(loaded), importance: new Float64Array(0) });
  await explainer.close();
  const message = await sent(explanation);
  expect(message.chosen_action).toBe(explanation.choice!.chosen);
  expect(message.torques.map(({ probability }) => probability)).toEqual([...explanation.choice!.probabilities]);
  expect(message.torques.map(({ kind }) => kind)).toEqual(CHOICES.map(() => "action_logit"));
});

test("inspect names the actions, and what they are explained by", async () => {
  const { code, stdout } = await torquelens("inspect", policy());
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /actions +policy: left, right, forward, pickup; probabilities, explained by the logits before their softmax/,
  );
  expect(stdout).toContain("explained: the logit of the chosen action");
  const { explained } = JSON.parse((await torquelens("inspect", policy(), "--json")).stdout);
  expect(explained.map(({ name }: { name: string }) => name)).toEqual(CHOICES);
});

test("the simulated arms take torques alone, and say so", async () => {
  const { code, stderr } = await torquelens("sim", "--policy", policy(), "--no-live", "--ticks", "1");
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^torquelens: .*the policy chooses among actions \(left\); the simulated arms take torques alone: .*\n$/,
  );
});
