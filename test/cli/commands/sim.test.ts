import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { METHODS } from "#src/relevance/methods.js";
import { refusal, torquelens } from "../run.js";
import { Simulation, simulate, type Tick, timeless, writePolicy } from "../simulation.js";

const MODALITIES = ["image", "joint_position", "joint_velocity", "end_effector_position", "end_effector_velocity"];
const TICKS = 60;

let folder: string;
let policy: string;
let baseline: Awaited<ReturnType<typeof simulate>>;

/** A run of the small policy with the baseline's seed. */
const run = (...argv: string[]) => simulate("--policy", policy, "--seed", "3", ...argv);
const file = async (name: string, content: string) => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-sim-"));
  policy = await writePolicy(folder);
  baseline = await run("--ticks", `${TICKS}`);
});
afterAll(() => rm(folder, { recursive: true }));

const sum = (values: Iterable<number>) => [...values].reduce((a, x) => a + x, 0);
const finite = (value: unknown) => expect(Number.isFinite(value)).toBe(true);

describe("torquelens sim --json", () => {
  it("prints one object a tick, with the fields of the contract", () => {
    expect(baseline.ticks.map(({ tick }) => tick)).toEqual(Array.from({ length: TICKS }, (_, i) => i));
    for (const tick of baseline.ticks) {
      expect(tick).toMatchObject({ joints: ["shoulder", "elbow"], method: "dtd", level: "full" });
      expect(tick.time).toBeCloseTo(0.05 * tick.tick, 9);
      expect(tick.torque).toHaveLength(2);
      expect(sum(tick.importance as number[])).toBeCloseTo(2, 4);
      expect(Object.keys(tick.shares)).toEqual(MODALITIES);
      expect(sum(Object.values(tick.shares))).toBeCloseTo(1, 4);
      const { image, position, velocity } = tick.ratios as Record<string, number>;
      expect(image! + position! + velocity!).toBeCloseTo(1, 4);
      const perTorque = tick.per_torque as Record<string, number>[];
      expect(perTorque.map((shares) => Object.keys(shares))).toEqual([MODALITIES, MODALITIES]);
      expect(tick.conservation_residual).toBeLessThan(1e-3);
      expect(tick.latency_ms).toBeGreaterThan(0);
      expect(tick.flags).toBeInstanceOf(Array);
    }
  });

  it("ends with the summary of those ticks", () => {
    const { ticks, summary } = baseline;
    expect(summary).toMatchObject({ ticks: TICKS, episodes: 1, late_ticks: 0 });
    expect([0, 1]).toContain(summary.success_rate);
    const latencies = ticks.map(({ latency_ms }) => latency_ms as number).sort((a, b) => a - b);
    const { p50, p99 } = summary.latency_ms as Record<string, number>;
    expect(p50).toBeCloseTo(latencies[TICKS / 2 - 1]!, 2);
    expect(p99).toBeCloseTo(latencies[TICKS - 1]!, 2);
    expect(summary.misses).toBe(ticks.filter(({ flags }) => flags.includes("deadline_missed")).length);
    expect(summary.idle_ticks).toBe(ticks.filter(({ flags }) => flags.includes("idle")).length);
    expect(summary.conservation_residual_max).toBeCloseTo(
      Math.max(...ticks.map((tick) => tick.conservation_residual as number)),
      6,
    );
    const awake = ticks.filter(({ flags }) => !flags.includes("idle"));
    const { image } = summary.shares as Record<string, number>;
    expect(image).toBeCloseTo(sum(awake.map(({ shares }) => shares.image!)) / awake.length, 4);
  });

  it("gives the same ticks for the same seed, and others for another", async () => {
    const again = await run("--ticks", `${TICKS}`);
    expect(again.ticks.map(timeless)).toEqual(baseline.ticks.map(timeless));
    const other = await run("--ticks", "2", "--seed", "4");
    expect(timeless(other.ticks[0]!)).not.toEqual(timeless(baseline.ticks[0]!));
  });

  it("ends after so many episodes, with the shipped policy unless told otherwise", async () => {
    const { ticks, summary } = await simulate("--episodes", "2");
    expect(summary).toMatchObject({ ticks: 100, episodes: 2 });
    expect([0, 0.5, 1]).toContain(summary.success_rate);
    finite((summary.final_error_m as { median: number }).median);
    expect(summary.conservation_residual_max).toBeLessThan(1e-3);
    expect(ticks.map(({ tick }) => tick)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});

/** The first ticks that two runs differ in. */
const parting = (a: readonly Tick[], b: readonly Tick[]) =>
  a.findIndex((tick, i) => JSON.stringify(timeless(tick)) !== JSON.stringify(timeless(b[i]!)));

describe("what happens in the run", () => {
  it("--perturb changes it from its tick on", async () => {
    const list = "- { tick: 4, target: [0.02, 0.1] }\n- { tick: 4, torque_noise: 0.5 }\n";
    const { ticks } = await run("--ticks", "8", "--perturb", await file("perturb.yaml", list));
    expect(parting(ticks, baseline.ticks)).toBe(4);
  });

  it("--perturb names entries for episodes that the run does not have", async () => {
    const path = await file(
      "late.yaml",
      "- { tick: 4, episode: 1, light: 0.5 }\n- { tick: 4, episode: 99, light: 0.5 }\n",
    );
    const { code, stderr } = await torquelens(
      ...["sim", "--policy", policy, "--episodes", "1", "--speed", "0", "--no-live", "--perturb", path],
    );
    expect(code).toBe(0);
    expect(stderr).toBe(`warning: ${path}: [0], [1]: for no episode of this run, which has 1, counted from 0\n`);
    const list = await file(
      "unknown.yaml",
      "- { tick: 1, fault: blak }\n- { tick: 2, fault: blak }\n- { tick: 3, fault: blak }\n",
    );
    const unknown = await torquelens("sim", "--policy", policy, "--no-live", "--perturb", list);
    expect(unknown.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(unknown.stderr).toContain('[0].fault: found "blak", expected null, frozen, black');
    expect(unknown.stderr).toContain("(and so 2 more entries)");
  });

  it("--ablate image=first holds the first image", async () => {
    const { ticks } = await run("--ticks", "4", "--ablate", "image=first");
    expect(parting(ticks, baseline.ticks)).toBe(1);
  });

  it.each(["frozen", "black"])("--ablate image=%s shows another image from the first", async (how) => {
    const { ticks } = await run("--ticks", "2", "--ablate", `image=${how}`);
    expect(parting(ticks, baseline.ticks)).toBe(0);
    expect(ticks[0]!.importance).toEqual(baseline.ticks[0]!.importance);
  });

  it("--targets random puts the target elsewhere", async () => {
    const { ticks, summary } = await run("--ticks", "1", "--targets", "random");
    expect(parting(ticks, baseline.ticks)).toBe(0);
    expect(summary).toMatchObject({ ticks: 1, episodes: 0, success_rate: null, final_error_m: { median: null } });
  });
});

describe("for people", () => {
  it("says what runs, what the lines mean and how it went", async () => {
    const simulation = new Simulation("--policy", policy, "--ticks", "51", "--speed", "0", "--no-live");
    expect(await simulation.ended).toEqual([0, null]);
    expect(simulation.stderr).toBe("");
    expect(simulation.stdout).toMatch(/^Simulated task reacher: .*\(method dtd\)\.$/m);
    expect(simulation.stdout).toMatch(/^policy {3}.*policy\.onnx$/m);
    expect(simulation.stdout).toMatch(/misses: explanations that took longer than 40 ms\. Ctrl-C stops\.$/m);
    expect(simulation.stdout).toMatch(
      /^episode {3}1 {2}(success in [\d.]+ s|failed, \d+ mm off) +(at rest|image +\d+ % {2}position +\d+ % {2}velocity +\d+ %)( {2}misses \d+)?\nepisode {3}2 {2}stopped at 0\.0 s/m,
    );
    expect(simulation.stdout).toMatch(/^51 ticks; 1 episode, success (0|100) %, median final error [\d.]+ mm$/m);
    expect(simulation.stdout).not.toMatch(/live|record/);
  });
});

describe("bad usage", () => {
  it.each([
    [["--ticks", "0"], "option '--ticks <n>' argument '0' is invalid. Expected a whole number, 1 to 10000000."],
    [["--port", "70000"], "option '--port <n>' argument '70000' is invalid. Expected a whole number, 0 to 65535."],
    [["--ablate", "sound=off"], 'cannot ablate "sound=off"; expected image=frozen, image=first or image=black'],
    [["--policy", "/nowhere.onnx"], "/nowhere.onnx: cannot read the policy (no such file)"],
    [
      ["--method", "guess", "--no-live"],
      `method guess is unknown; known are ${METHODS.map(({ name }) => name).join(", ")}`,
    ],
  ])("%s", async (argv, message) => {
    expect(await torquelens("sim", ...argv)).toMatchObject({ ...refusal(message), stdout: "" });
  });

  it("a perturbation that does not fit", async () => {
    const path = await file("far.yaml", "- { tick: 99, light: 2 }");
    expect(await torquelens("sim", "--policy", policy, "--perturb", path)).toMatchObject(
      refusal(`${path}: [0].tick: 99: expected 0 to 49, the ticks of an episode`),
    );
  });

  it("a recording that cannot be written", async () => {
    const path = join(folder, "nowhere", "out.mcap");
    expect(await torquelens("sim", "--policy", policy, "--no-live", "--record", path)).toMatchObject(
      refusal(`${path}: cannot write it (no such directory), expected a writable file name`),
    );
  });
});
