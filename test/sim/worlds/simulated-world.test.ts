import { describe, expect, it } from "vitest";
import type { Observation } from "#src/explain/observation.js";
import { parsePerturbations } from "#src/sim/perturbations.js";
import { random } from "#src/sim/random.js";
import { SimulatedWorld } from "#src/sim/simulated-world.js";
import { SimulatedSource, type SimulationOptions } from "#src/sim/source.js";
import type { EpisodeOutcome } from "#src/sim/tally.js";
import { pictureLength, pixels } from "#src/sim/worlds/canvas.js";
import type { WorldEntry } from "#src/sim/worlds/world.js";
import { worldNamed, worldNames } from "#src/sim/worlds/worlds.js";

type Choose = (tick: number) => number[];

/** Values of actions: the largest of the discrete ones is at random. */
function valuesOf({ facts: { actions } }: WorldEntry, seed: number): Choose {
  const numbers = random(seed);
  return () =>
    actions.kind === "discrete"
      ? actions.names.map(() => numbers.normal())
      : actions.names.map((_, i) => numbers.between(actions.low[i]!, actions.high[i]!));
}

async function simulate(entry: WorldEntry, options: Omit<SimulationOptions, "task">, values: Choose) {
  const outcomes: EpisodeOutcome[] = [];
  const source = new SimulatedSource({
    speed: 0,
    ...options,
    task: await SimulatedWorld.load(entry),
    ended: (outcome) => void outcomes.push(outcome),
  });
  const observations: Observation[] = [];
  for await (const observation of source.observations()) {
    observations.push(observation);
    source.accept({ torque: values(observation.tick) });
  }
  const summary = source.summary();
  await source.close();
  return { observations, outcomes, summary };
}

const dataOf = ({ images }: Observation): Uint8Array => images.image!.data as Uint8Array;

describe.each(worldNames.map((name) => [name, worldNamed(name)] as const))("%s as a source", (name, entry) => {
  const { facts } = entry;
  const TICKS = 250;

  it("gives the pictures, episodes and returns of the world", async () => {
    const { observations, outcomes, summary } = await simulate(entry, { seed: 4, ticks: TICKS }, valuesOf(entry, 3));
    const picture = new Uint8Array(pictureLength(facts.picture));
    const world = (await entry.load())(pixels(picture, facts.picture));
    const values = valuesOf(entry, 3);
    const expected: Pick<EpisodeOutcome, "episode" | "success" | "sumOfRewards">[] = [];
    let [episode, tick, sum] = [0, 0, 0];
    const nothing = new Float64Array(facts.actions.names.length);
    const before = { action: nothing, reward: 0 };
    world.reset(4, 0);
    for (const [t, observation] of observations.entries()) {
      expect(Buffer.compare(dataOf(observation), picture)).toBe(0);
      expect(observation).toMatchObject({ tick: t, first: tick === 0, transforms: [], flags: [] });
      expect(observation.values).toEqual({
        previous_action: tick === 0 ? nothing : before.action,
        previous_reward: Float64Array.of(tick === 0 ? 0 : before.reward),
      });
      expect(observation.stamp).toBe(BigInt(t) * BigInt(Math.round(facts.controlPeriod * 1e9)));
      const { width, height, channels } = facts.picture;
      const encoding = channels === 1 ? "mono8" : "rgb8";
      expect(observation.images.image).toMatchObject({ width, height, encoding });
      expect(observation.simulation).toMatchObject({
        task: name,
        episode,
        tick,
        ticks: facts.limit,
        goal: [],
        tipLink: "",
      });
      expect(observation.simulation!.progress).toBe(world.progress());
      expect(observation.simulation!.error).toBeNaN();
      const commanded = values(t);
      const action = facts.actions.kind === "discrete" ? [commanded.indexOf(Math.max(...commanded))] : commanded;
      const { reward, terminated, truncated, success } = world.step(action);
      const taken = (_: unknown, i: number) =>
        facts.actions.kind === "discrete" ? Number(i === action[0]) : action[i]!;
      Object.assign(before, { action: Float64Array.from(nothing, taken), reward });
      sum += reward;
      tick += 1;
      if (terminated || truncated) {
        expected.push({ episode, success, sumOfRewards: sum });
        episode += 1;
        [tick, sum] = [0, 0];
        world.reset(4, episode);
      }
    }
    expect(outcomes.map(({ episode: at, success, sumOfRewards }) => ({ episode: at, success, sumOfRewards }))).toEqual(
      expected,
    );
    expect(expected.length).toBeGreaterThan(0);
    expect(summary).toMatchObject({
      ticks: TICKS,
      episodes: expected.length,
      successes: expected.filter(({ success }) => success).length,
      returns: expected.map(({ sumOfRewards }) => sumOfRewards),
      finalErrors: [],
    });
  });

  it("shows other pictures where the image is ablated or disturbed, in the same episode", async () => {
    const run = async (options: Omit<SimulationOptions, "task">): Promise<Observation[]> =>
      (await simulate(entry, { seed: 4, ticks: 4, ...options }, valuesOf(entry, 3))).observations;
    const usual = await run({});
    const first = await run({ ablation: "first" });
    expect(first.every((observation) => Buffer.compare(dataOf(observation), dataOf(usual[0]!)) === 0)).toBe(true);
    const frozen = await run({ ablation: "frozen" });
    expect(Buffer.compare(dataOf(frozen[0]!), dataOf(frozen[3]!))).toBe(0);
    const other = new Uint8Array(pictureLength(facts.picture));
    (await entry.load())(pixels(other, facts.picture)).reset(4, 1_000_000);
    // The first picture of another episode; games of Breakout all begin alike, so there it is a later one.
    const isFirst = name !== "breakout";
    expect(Buffer.compare(dataOf(frozen[0]!), other) === 0).toBe(isFirst);
    expect(Buffer.compare(dataOf(frozen[0]!), dataOf(usual[0]!))).not.toBe(0);
    const black = await run({ ablation: "black" });
    expect(dataOf(black[0]!).every((value) => value === 0)).toBe(true);

    const task = await SimulatedWorld.load(entry);
    const perturbations = parsePerturbations("[{tick: 2, light: 0.5, occlude: [3, 10, 20, 5]}]", "changes", task);
    const disturbed = await run({ perturbations });
    expect(Buffer.compare(dataOf(disturbed[1]!), dataOf(usual[1]!))).toBe(0);
    const { width, channels } = facts.picture;
    const expected = dataOf(usual[2]!).map((value, at) => {
      const pixel = Math.floor(at / channels);
      const [x, y] = [pixel % width, Math.floor(pixel / width)];
      return x >= 3 && x < 23 && y >= 10 && y < 15 ? 0 : Math.round(value / 2);
    });
    expect(Buffer.compare(dataOf(disturbed[2]!), expected)).toBe(0);
  });

  it("labels the pixels of the picture", async () => {
    const task = await SimulatedWorld.load(entry);
    const world = (await entry.load())(pixels(new Uint8Array(pictureLength(facts.picture)), facts.picture));
    task.reset(2, 5);
    world.reset(2, 5);
    const labels = new Uint8Array(facts.picture.width * facts.picture.height);
    world.segmentation(labels);
    expect(Buffer.compare(task.segmentation(), labels)).toBe(0);
  });

  it("refuses what only arms have", async () => {
    const task = await SimulatedWorld.load(entry);
    for (const change of ["target: [0, 0]", "wrench: [1, 0, 0, 0, 0, 0]", "torque_noise: 0.1"]) {
      const key = change.slice(0, change.indexOf(":"));
      expect(() => parsePerturbations(`[{tick: 0, ${change}}]`, "changes", task)).toThrow(
        `changes: [0].${key}: expected occlude, light or fault: only arms have the rest`,
      );
    }
    expect(() => new SimulatedSource({ task, condition: "first" })).toThrow(
      `task ${name} has no condition "first"; expected none`,
    );
    const source = new SimulatedSource({ task, speed: 0 });
    expect(() => source.accept({ torque: [1] })).toThrow(
      `the policy commands 1 values of actions; task "${name}" expects ${facts.actions.names.length}`,
    );
    await source.close();
  });
});

it("flags numbers beyond their bounds", async () => {
  const { observations } = await simulate(worldNamed("highway"), { ticks: 3 }, (tick) => [tick === 0 ? 1 : 0, 0]);
  expect(observations.map(({ flags }) => flags)).toEqual([[], ["limit_clipped"], []]);
});

it("freezes Breakout to pictures that differ from game to game", async () => {
  const task = await SimulatedWorld.load(worldNamed("breakout"));
  const first = (episode: number) => {
    task.reset(1, episode);
    return Buffer.from(task.observe().image);
  };
  const frozen = (episode: number) => {
    task.reset(1, episode);
    return Buffer.from(task.renderOtherGoal());
  };
  expect(first(0).equals(first(1))).toBe(true);
  const pictures = Array.from({ length: 20 }, (_, episode) => frozen(episode));
  expect(new Set(pictures.map((picture) => picture.toString("base64"))).size).toBeGreaterThan(15);
  expect(pictures.some((picture) => picture.equals(first(0)))).toBe(false);
  expect(frozen(3).equals(pictures[3]!)).toBe(true);
});
