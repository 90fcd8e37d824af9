import { expect, test } from "vitest";
import { armWorld } from "#src/sim/arm-world.js";
import { random } from "#src/sim/random.js";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { WorldBatch } from "#src/sim/worlds/batch.js";
import { pictureLength, planes } from "#src/sim/worlds/canvas.js";

const SIZE = { width: 32, height: 24 } as const;
const REWARD = { distance: 4, torque: 0.02, closeness: 1.5, near: 0.03 };
const entryOf = () => armWorld({ task: "reacher", ...SIZE, episodes: { targets: "random" }, reward: REWARD });

test("an arm's world does what its task does, with the reward as it is defined", async () => {
  const { facts, load } = await entryOf();
  const task = await loadTask("reacher", { ...SIZE, targets: "random" });
  const picture = new Uint8Array(pictureLength(facts.picture));
  const world = (await load())(planes(picture, facts.picture));
  const source = random(5);
  world.reset(3, 7);
  task.reset(3, 7);
  for (let tick = 0; tick < task.ticks; tick++) {
    // Some beyond the limits of 0.3 N·m.
    const torque = [source.between(-0.4, 0.4), source.between(-0.4, 0.4)];
    const step = { ...world.step(torque) };
    task.step(torque);
    const { image, values } = task.observe();
    const pixels = SIZE.width * SIZE.height;
    expect([...picture]).toEqual(Array.from(picture, (_, i) => image[3 * (i % pixels) + Math.floor(i / pixels)]));
    expect([...(world.configuration!() as Float64Array)]).toEqual(Object.values(values).flatMap((part) => [...part]));
    const d = task.error();
    const [a, b] = torque.map((one) => Math.min(1, Math.abs(one) / 0.3)) as [number, number];
    expect(step.reward).toBeCloseTo(1.5 * Math.exp(-d / 0.03) - 4 * d - 0.02 * ((a * a + b * b) / 2), 12);
    expect(step).toMatchObject({ terminated: false, truncated: tick === 49, success: tick === 49 && task.success() });
  }
  expect(world.progress()).toBe(task.progress());
  const labels = new Uint8Array(SIZE.width * SIZE.height);
  world.segmentation(labels);
  expect(labels).toEqual(task.sight().segmentation);
  expect(new Set(labels)).toEqual(new Set([0, 1, 2]));
  task.delete();
});

test("an episode whose arm ends at the goal succeeds", async () => {
  const { facts, load } = await entryOf();
  const task = await loadTask("reacher", { ...SIZE, targets: "random" });
  const world = (await load())(planes(new Uint8Array(pictureLength(facts.picture)), facts.picture));
  world.reset(0, 1);
  task.reset(0, 1);
  let success = false;
  for (let tick = 0; tick < task.ticks; tick++) {
    const torque = task.expert();
    task.step(torque);
    ({ success } = world.step(torque));
  }
  expect(success).toBe(true);
  task.delete();
});

test("worlds that share a task keep apart, and go on from what was saved to the last bit", async () => {
  const entry = await entryOf();
  const count = 3;
  const source = random(9);
  const actions = Array.from({ length: 120 }, () => Array.from({ length: 2 * count }, () => source.between(-0.3, 0.3)));
  const batch = await WorldBatch.load(entry, { count, seed: 2 });
  const alone = await Promise.all(
    Array.from({ length: count }, (_, i) => WorldBatch.load(entry, { count: 1, seed: 2, first: i })),
  );
  const half = 70;
  let saved: ReturnType<WorldBatch["save"]> | undefined;
  const rewards: number[][] = [];
  for (const [tick, action] of actions.entries()) {
    if (tick === half) saved = batch.save();
    batch.step(action);
    rewards.push([...batch.rewards]);
    // A world alone plays all episodes, one in a batch every third: compared in the first.
    if (tick >= 50) continue;
    alone.forEach((one, i) => {
      one.step(action.slice(2 * i, 2 * i + 2));
      expect(one.rewards[0]).toBe(batch.rewards[i]);
      const numbers = tick === 49 ? "lastConfigurations" : "configurations";
      expect(one[numbers]).toEqual(batch[numbers].slice(10 * i, 10 * i + 10));
    });
    if (tick === 48) for (const one of alone) expect(one.truncated[0]).toBe(0);
  }
  const other = await WorldBatch.load(entry, { count, seed: 2 });
  other.restore(saved!);
  for (const [i, action] of actions.slice(half).entries()) {
    other.step(action);
    expect([...other.rewards]).toEqual(rewards[half + i]);
  }
  expect(other.observations).toEqual(batch.observations);
  expect(other.configurations).toEqual(batch.configurations);
});
