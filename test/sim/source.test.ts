import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Explanation } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import { parseAblation } from "#src/sim/ablation.js";
import { type Perturbation, parsePerturbations, readPerturbations } from "#src/sim/perturbations.js";
import { SimulatedSource, type SimulationOptions } from "#src/sim/source.js";
import type { EpisodeOutcome } from "#src/sim/tally.js";
import { Reacher } from "#src/sim/tasks/reacher/reacher.js";

type Torque = (observation: Observation, task: Reacher) => ArrayLike<number>;
const expert: Torque = (_, task) => task.expert();

/** Runs a simulation under a controller; the task's state is copied at each tick. */
async function simulate(options: Omit<SimulationOptions, "task">, control: Torque = expert) {
  const task = await Reacher.load({ width: 40, height: 32, targets: "random" });
  const source = new SimulatedSource({ speed: 0, ...options, task });
  const observations: Observation[] = [];
  for await (const observation of source.observations()) {
    observations.push(observation);
    source.accept({ torque: Float32Array.from(control(observation, task)) } as Explanation);
  }
  const summary = source.summary();
  await source.close();
  return { observations, summary };
}

const image = ({ images }: Observation): Uint8Array => images.image!.data;

describe("simulated source", () => {
  it("closes the loop: the expert succeeds, zero torque does not", async () => {
    const { observations, summary } = await simulate({ seed: 3, episodes: 4 });
    expect(summary).toMatchObject({ ticks: 200, episodes: 4, successes: 4, successRate: 1, lateTicks: 0 });
    expect(Math.max(...summary.finalErrors)).toBeLessThan(1e-3);
    expect(observations.map(({ tick }) => tick)).toEqual(Array.from({ length: 200 }, (_, tick) => tick));
    expect(observations[3]!.stamp).toBe(150_000_000n);
    for (const { importance, transforms, joints } of observations) {
      expect(importance[0]! + importance[1]!).toBeCloseTo(2, 9);
      expect(transforms).toHaveLength(6);
      expect(joints.names).toEqual(["shoulder", "elbow"]);
    }
    const idle = await simulate({ seed: 3, episodes: 4 }, () => [0, 0]);
    expect(idle.summary).toMatchObject({ episodes: 4, successes: 0, successRate: 0 });
  });

  it("stops after the given ticks, also within an episode, and starts at the given stamp", async () => {
    const { observations, summary } = await simulate({ ticks: 70, startStamp: 10n ** 18n });
    expect(observations).toHaveLength(70);
    expect(summary).toMatchObject({ ticks: 70, episodes: 1 });
    expect(observations.at(-1)!.stamp).toBe(10n ** 18n + 69n * 50_000_000n);
  });

  it("begins the next episode once the task has been done for the rest that is asked for", async () => {
    const outcomes: EpisodeOutcome[] = [];
    const ended = (outcome: EpisodeOutcome) => void outcomes.push(outcome);
    const whole = await simulate({ seed: 3, episodes: 4, ended });
    expect(outcomes.map(({ episode, success }) => [episode, success])).toEqual([0, 1, 2, 3].map((n) => [n, true]));
    expect(outcomes.map(({ error }) => error)).toEqual(whole.summary.finalErrors);

    const full = outcomes.splice(0);
    const short = await simulate({ seed: 3, episodes: 4, rest: 0.5, ended });
    expect(outcomes.map(({ reached }) => reached)).toEqual(full.map(({ reached }) => reached));
    const lengths = full.map(({ reached }) => Math.min(Math.round(reached! / 0.05) + 10, 50));
    const starts = short.observations.filter(({ first }) => first).map(({ tick }) => tick);
    expect(starts).toEqual([0, 1, 2, 3].map((n) => lengths.slice(0, n).reduce((sum, length) => sum + length, 0)));
    expect(short.summary).toMatchObject({ successes: 4, ticks: lengths.reduce((sum, length) => sum + length, 0) });

    outcomes.length = 0;
    await simulate({ seed: 3, episodes: 1, rest: 0, ended }, () => [0, 0]);
    expect(outcomes).toMatchObject([{ episode: 0, success: false, reached: undefined }]);
  });

  it("runs until it is closed", async () => {
    const task = await Reacher.load({ width: 8, height: 8 });
    const source = new SimulatedSource({ task, speed: 0 });
    let count = 0;
    for await (const _ of source.observations()) {
      source.accept({ torque: Float32Array.of(0, 0) } as Explanation);
      if (++count === 120) await source.close();
    }
    expect(count).toBe(120);
    await source.close();
  });

  it("flags clipped torques in the observation that follows, and refuses a wrong number of them", async () => {
    const { observations, summary } = await simulate({ ticks: 4 }, ({ tick }) => (tick === 1 ? [9, 0] : [0.01, 0]));
    expect(observations.map(({ flags }) => flags.includes("limit_clipped"))).toEqual([false, false, true, false]);
    expect(summary.clippedTicks).toBe(1);
    await expect(simulate({ ticks: 2 }, () => [0, 0, 0])).rejects.toThrow(/commands 3 torques.*expects 2 \(shoulder/);
    const task = await Reacher.load({ width: 8, height: 8 });
    const source = new SimulatedSource({ task, speed: 0 });
    const observations2 = source.observations();
    await observations2.next();
    await expect(observations2.next()).rejects.toThrow(/no torque for this tick/);
    await source.close();
  });

  it("starts every episode in the given condition", async () => {
    const { observations } = await simulate({ episodes: 3, condition: "third" });
    const goals = observations.map(({ transforms }) => transforms.find(({ child }) => child === "target")!.translation);
    expect(new Set(goals.map((goal) => goal.join()))).toEqual(new Set(["-0.15,-0.08,0"]));
  });

  it("replaces the image: frozen with another goal, frozen at the first, or black", async () => {
    const plain = (await simulate({ episodes: 1, seed: 2 })).observations;
    const first = (await simulate({ episodes: 1, seed: 2, ablation: "first" })).observations;
    const frozen = (await simulate({ episodes: 1, seed: 2, ablation: "frozen" })).observations;
    const black = (await simulate({ episodes: 1, seed: 2, ablation: "black" })).observations;
    expect(image(plain[20]!)).not.toEqual(image(plain[0]!));
    for (const at of [0, 20, 49]) {
      expect(image(first[at]!)).toEqual(image(plain[0]!));
      expect(image(frozen[at]!)).toEqual(image(frozen[0]!));
      expect(image(black[at]!).every((value) => value === 0)).toBe(true);
      expect(first[at]!.joints).toEqual(plain[at]!.joints);
      expect(frozen[at]!.joints).toEqual(plain[at]!.joints);
    }
    expect(image(frozen[0]!)).not.toEqual(image(plain[0]!));
  });

  it("reads ablations and refuses impossible options", async () => {
    expect(["frozen", "first", "black"].map((how) => parseAblation(`image=${how}`))).toEqual([
      "frozen",
      "first",
      "black",
    ]);
    expect(() => parseAblation("joint_position=frozen")).toThrow(/expected image=frozen, image=first or image=black/);
    const task = await Reacher.load({ width: 8, height: 8 });
    expect(() => new SimulatedSource({ task, episodes: 0 })).toThrow(/episodes: 0: expected a whole number above 0/);
    expect(() => new SimulatedSource({ task, ticks: 1.5 })).toThrow(/ticks: 1.5/);
    expect(() => new SimulatedSource({ task, speed: -1 })).toThrow("speed: -1: expected 0, or 0.000001 to 1000");
    expect(() => new SimulatedSource({ task, condition: "fifth" })).toThrow(
      'task reacher has no condition "fifth"; expected first, second, third, fourth',
    );
    task.delete();
  });
});

describe("perturbations", () => {
  const perturbed = (perturbations: Perturbation[], episodes = 1) => simulate({ seed: 4, episodes, perturbations });

  it("move the target, in every episode or in one", async () => {
    const goal = ({ transforms }: Observation): unknown =>
      transforms.find(({ child }) => child === "target")!.translation.slice(0, 2);
    const every = (await perturbed([{ tick: 10, target: [0.1, 0.1] }], 2)).observations;
    expect(goal(every[9]!)).not.toEqual([0.1, 0.1]);
    expect([10, 49, 60].map((tick) => goal(every[tick]!))).toEqual(Array(3).fill([0.1, 0.1]));
    expect(goal(every[50]!)).not.toEqual([0.1, 0.1]);
    const one = await perturbed([{ tick: 10, episode: 1, target: [0.1, 0.1] }], 2);
    expect(goal(one.observations[10]!)).not.toEqual([0.1, 0.1]);
    expect(goal(one.observations[60]!)).toEqual([0.1, 0.1]);
    expect(one.summary.successes).toBe(2);
  });

  it("dim the light and hide part of the image", async () => {
    const plain = (await perturbed([])).observations;
    const { observations } = await perturbed([
      { tick: 2, light: 0.5 },
      { tick: 4, light: 1, occlude: [5, 6, 7, 8] },
      { tick: 6, occlude: null },
    ]);
    expect(image(observations[1]!)).toEqual(image(plain[1]!));
    expect(image(observations[2]!)).toEqual(image(plain[2]!).map((value) => Math.round(value / 2)));
    const [seen, whole] = [image(observations[5]!), image(plain[5]!)];
    for (let pixel = 0; pixel < 40 * 32; pixel++) {
      const [x, y] = [pixel % 40, Math.floor(pixel / 40)];
      const hidden = x >= 5 && x < 12 && y >= 6 && y < 14;
      for (let c = 0; c < 3; c++) expect(seen[3 * pixel + c]).toBe(hidden ? 0 : whole[3 * pixel + c]);
    }
    expect(image(observations[6]!)).toEqual(image(plain[6]!));
  });

  it("disturb the torques, the same way for the same seed", async () => {
    const noisy = async (): Promise<number[]> =>
      (await perturbed([{ tick: 0, torque_noise: 0.05 }])).observations.map(({ joints }) => joints.position[0]!);
    const [first, second] = [await noisy(), await noisy()];
    const plain = (await perturbed([])).observations.map(({ joints }) => joints.position[0]!);
    expect(second).toEqual(first);
    expect(first[0]).toBe(plain[0]);
    expect(first[20]).not.toBe(plain[20]);
    expect(Math.abs(first[20]! - plain[20]!)).toBeLessThan(0.5);
  });

  it("push the arm until they end", async () => {
    const spin = async (perturbations: Perturbation[]): Promise<number[]> =>
      (await simulate({ seed: 4, episodes: 1, perturbations }, () => [0, 0])).observations.map(
        ({ joints }) => joints.velocity[0]!,
      );
    const pushed = await spin([
      { tick: 5, wrench: [0, 0, 0, 0, 0, 0.02] },
      { tick: 30, wrench: null },
    ]);
    expect(pushed.slice(0, 6).every((velocity) => velocity === 0)).toBe(true);
    // It speeds up against the damping of the joints, and slows down when it is let go.
    for (let tick = 7; tick <= 30; tick++) expect(pushed[tick]).toBeGreaterThan(pushed[tick - 1]!);
    for (let tick = 31; tick < 50; tick++) expect(pushed[tick]).toBeLessThan(pushed[tick - 1]!);
  });

  it("are read from YAML and JSON, with the invalid entry named", async () => {
    const task = await Reacher.load({ width: 40, height: 32 });
    const folder = await mkdtemp(join(tmpdir(), "perturb-"));
    const path = join(folder, "p.yaml");
    await writeFile(path, "- {tick: 25, target: [0.1, -0.14]}\n- {tick: 30, occlude: null, light: 0.5}\n");
    expect(await readPerturbations(path, task)).toEqual([
      { tick: 25, target: [0.1, -0.14] },
      { tick: 30, occlude: null, light: 0.5 },
    ]);
    await rm(folder, { recursive: true });
    expect(parsePerturbations('[{"tick": 1, "light": 2}]', "p.json", task)).toEqual([{ tick: 1, light: 2 }]);
    const faults: [text: string, message: RegExp][] = [
      ["[{tick: 1, target: [0.1]}]", /^p: \[0\]\.target: \[0\.1\]: expected \[x, y\] in metres/],
      ["[{tick: 1, target: [120, 120]}]", /^p: \[0\]\.target: \[120, 120\]: expected .* within 0\.25/],
      ["[{tick: 50, target: [0.1, 0.1]}]", /^p: \[0\]\.tick: 50: expected 0 to 49/],
      ["[{tick: 1, target: [0.1, 0.1]}, {tick: 2, goal: [0, 0]}]", /^p: \[1\]\.goal: unknown key/],
      ["[{tick: 1.5, light: 1}]", /^p: \[0\]\.tick: /],
      ["[{light: 1}]", /^p: \[0\]\.tick: /],
      ["[{tick: 1}]", /^p: \[0\]\.tick: nothing to change/],
      ["[{tick: 1, occlude: [30, 0, 20, 5]}]", /^p: \[0\]\.occlude: .*inside the 40×32 image/],
      ["[{tick: 1, wrench: [1, 2, 3]}]", /^p: \[0\]\.wrench/],
      ["[{tick: 1, torque_noise: -1}]", /^p: \[0\]\.torque_noise: /],
      ["{tick: 1}", /^p: found a mapping, expected a list/],
      ["[{tick: 1", /^p: not YAML, line 1: /],
    ];
    for (const [text, message] of faults) expect(() => parsePerturbations(text, "p", task)).toThrow(message);
    await expect(readPerturbations("/nowhere/p.yaml", task)).rejects.toThrow(/^\/nowhere\/p\.yaml: cannot read/);
    task.delete();
  });
});
