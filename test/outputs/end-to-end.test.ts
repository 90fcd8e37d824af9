import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { Explainer } from "#src/explain/explainer.js";
import { loadPolicy } from "#src/policy/policy.js";
import { writeMcap } from "../bag/recordings.js";
import { torquelens } from "../cli/run.js";
import { ALOHA, act, diffusion, type Head, numbers, observed, VLA, vla } from "./heads.js";
import { recording } from "./recording.js";
import { sent } from "./sent.js";

/** Three heads through everything that a user meets: files, a recording, a report, the live socket. */

interface Case {
  readonly head: Head;
  readonly names: readonly string[];
  readonly kinds: readonly string[];
  readonly units: readonly string[];
  /** What the head is called in texts, and the unit that relevance has. */
  readonly plural: string;
  /** Of the head's constant inputs. */
  readonly values: readonly string[];
  readonly heading: string;
}

const ARM = ["base", "shoulder", "elbow"];
const CASES: Readonly<Record<string, Case>> = {
  act: {
    head: act(),
    names: ALOHA,
    kinds: ALOHA.map((name) => (name.endsWith("gripper") ? "gripper" : "joint_position")),
    units: ALOHA.map((name) => (name.endsWith("gripper") ? "1" : "rad")),
    plural: "commands",
    values: [],
    heading: "mean |u|",
  },
  diffusion: {
    head: diffusion(),
    names: ARM,
    kinds: ARM.map(() => "joint_position"),
    units: ARM.map(() => "rad"),
    plural: "changes of position",
    values: [`noise=${numbers(3)(24, 1).join(",")}`],
    heading: "mean |Δq|, rad",
  },
  vla: {
    head: vla(),
    names: VLA,
    kinds: VLA.map((name) => (name === "gripper" ? "gripper" : "end_effector_delta")),
    units: ["m", "m", "m", "rad", "rad", "rad", "1"],
    plural: "commands",
    values: ["pose=0.1,0.2,0.3,0,0.1,0,1", "opening=0.4", "language=3,7,1,12,0,0"],
    heading: "mean |u|",
  },
};

/** Targets are explained as the change that they command. */
const from = (kind: string): string => (kind === "joint_position" ? "present" : "zero");

let folder: string;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-outputs-"));
  for (const [name, { head }] of Object.entries(CASES)) {
    await writeFile(file(`${name}.onnx`), head.bytes);
    await writeFile(file(`${name}.yaml`), stringify(head.card));
    await writeMcap(file(`${name}.mcap`), recording((head.card as { joints?: string[] }).joints ?? []));
  }
  const picture = Uint8Array.from(numbers(9)(32 * 24 * 3, 127), (x) => 127 + x);
  await sharp(picture, { raw: { width: 32, height: 24, channels: 3 } })
    .png()
    .toFile(file("camera.png"));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(Object.entries(CASES))("%s", (name, { head, names, kinds, units, plural, values, heading }) => {
  const policy = () => file(`${name}.onnx`);

  test("explain speaks of what it commands, in its units", async () => {
    const { modalities, outputs } = await loadPolicy(policy());
    const { values: given } = observed({ modalities, outputs });
    const state = Object.fromEntries(Object.entries(given).map(([key, list]) => [key, Array.from(list)]));
    await writeFile(file(`${name}.json`), JSON.stringify(state));
    const argv = ["explain", policy(), "--image", file("camera.png"), "--state", file(`${name}.json`)];
    const shown = await torquelens(...argv);
    expect([shown.code, shown.stdout]).toEqual([0, expect.not.stringMatching(/torque|N·m/)]);
    const { code, stdout } = await torquelens(...argv, "--json");
    expect(code).toBe(0);
    const json = JSON.parse(stdout);
    expect(json).toMatchObject({ joints: names, kinds, units, measured_from: kinds.map(from) });
    expect(json).not.toHaveProperty("torque");
    expect(json.command).toHaveLength(names.length);
    expect(json.per_output).toHaveLength(names.length);
  });

  test("a recording is replayed and reported in its words", async () => {
    const given = values.flatMap((value) => ["--value", value]);
    const replayed = await torquelens(
      "replay",
      file(`${name}.mcap`),
      "--policy",
      policy(),
      "-o",
      file(`${name}-explained.mcap`),
      ...given,
    );
    expect([replayed.code, replayed.stderr]).toEqual([0, ""]);
    const page = file(`${name}.html`);
    const table = file(`${name}.csv`);
    const reported = await torquelens("report", file(`${name}-explained.mcap`), "-o", page, "--csv", table, "--json");
    expect(reported.code).toBe(0);
    const [set] = JSON.parse(reported.stdout).sets;
    expect(set.outputs).toEqual(kinds.map((kind, j) => ({ kind, unit: units[j], measured_from: from(kind) })));
    expect(set.per_output.map(({ joint }: { joint: string }) => joint)).toEqual(names);
    const html = await readFile(page, "utf8");
    expect(html).toContain(`<h1>What the ${plural} were based on</h1>`);
    expect(html).toContain(heading);
    expect(html.replaceAll("torquelens", "")).not.toMatch(/torque|N·m|τ/);
    const [columns, first] = (await readFile(table, "utf8")).split("\n");
    expect(columns).toContain("joint,kind,unit,measured_from,command,importance");
    expect(columns).not.toMatch(/\btorque\b/);
    expect(first).toContain(`${names[0]},${kinds[0]},${units[0]},${from(kinds[0]!)},`);
  });

  test("the live socket sends kind and unit of each output", async () => {
    const policyHere = await loadPolicy(policy());
    const explainer = await Explainer.create(policyHere, { worker: false });
    const explanation = await explainer.explain(observed(policyHere));
    await explainer.close();
    const { torques } = await sent(explanation);
    expect(torques.map(({ joint }) => joint)).toEqual(names);
    expect(torques.map(({ torque }) => torque)).toEqual(Array.from(explanation.torque));
    expect(torques.map(({ kind }) => kind)).toEqual(kinds);
    expect(torques.map(({ unit }) => unit)).toEqual(units);
    expect(torques.map(({ measured_from }) => measured_from)).toEqual(kinds.map(from));
  });

  test("the simulator takes torques alone, and says so", async () => {
    const { code, stderr } = await torquelens("sim", "--policy", policy(), "--no-live", "--ticks", "1");
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^torquelens: .*the policy commands .* \(\S+\); the simulated arms take torques alone: .*\n$/,
    );
  });

  test("inspect shows the kinds, and its template proposes them", async () => {
    const { code, stdout } = await torquelens("inspect", policy());
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/^torques|in N·m/m);
    expect(stdout).toContain(`explained: the ${plural === "commands" ? "" : "commanded "}${plural}`);
    const template = await torquelens("inspect", "--template", policy());
    const first = (head.card as { outputs: Record<string, unknown> }).outputs;
    expect(template.stdout).toContain(`outputs:\n  "${Object.keys(first)[0]}": #`);
    expect(template.stdout).toContain("the kinds are a guess by");
    expect(template.stdout).toContain(
      name === "vla" ? "- kind: end_effector_delta\n      size: 6\n    - kind: gripper" : "- kind: joint_position",
    );
  });
});
