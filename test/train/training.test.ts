import { afterEach, expect, test } from "vitest";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { conditionsOf } from "#src/train/algorithms/search/figures.js";
import { withPolicy } from "#src/train/episodes/act.js";
import { sceneOf } from "#src/train/episodes/demonstrations.js";
import { DivergenceError } from "#src/train/history/history.js";
import { withoutVision } from "#src/train/recipe.js";
import { teamEpisodes } from "#src/train/stages/collect.js";
import type { Checkpoint, Training, TrainOptions } from "#src/train/training.js";
import { SMALL, SMALL_GPS, SMALL_IMITATION, SMALL_LEVINE, smallCost, startSmall } from "./small-recipe.js";

const open: Training[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((training) => training.close()));
});

async function train(seed: number, options: Partial<TrainOptions> = {}) {
  const losses: Record<string, number[]> = {};
  const progress: number[] = [];
  const training = await startSmall(seed, {
    progress: ({ phase, loss, done, total }) => {
      progress.push(done / total);
      if (loss === undefined) return;
      losses[phase] ??= [];
      losses[phase].push(loss);
    },
    ...options,
  });
  open.push(training);
  const begun = training.place;
  await training.train();
  return { policy: training.export(), losses: Object.values(losses), progress, training, begun };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test("a short training lowers every loss and is the same bit for bit for one seed", async () => {
  const [once, again, other] = [await train(3), await train(3), await train(4)];
  expect(once.losses).toHaveLength(3);
  for (const losses of once.losses) expect(mean(losses.slice(-10))).toBeLessThan(0.9 * mean(losses.slice(0, 10)));
  expect(once.progress).toEqual([...once.progress].sort((a, b) => a - b));
  expect(once.progress.at(-1)).toBeCloseTo(1, 9);
  expect(Buffer.from(again.policy).equals(once.policy)).toBe(true);
  expect(Buffer.from(other.policy).equals(once.policy)).toBe(false);
});

test("a training resumed at any checkpoint has the same result and curves", async () => {
  const kept: Checkpoint[] = [];
  const cost = await smallCost();
  const whole = await train(5, { keepEvery: 0, keep: async (checkpoint) => void kept.push(checkpoint) });
  expect(whole.training.history.curves.map(({ points }) => points.at(-1)![0])).toEqual([80, 80, 80]);
  expect(whole.training.history.iterations.map(({ actor, episodes }) => [actor, episodes])).toEqual([
    ["expert", 4],
    ["policy", 4],
  ]);
  // In the warm-up, between collecting and fitting, in the last fit, and at the end.
  const between = kept.findIndex(({ rows, step }) => rows === 200 && step === 0);
  for (const at of [33, between, kept.length - 20, kept.length - 1]) {
    const { policy, training, begun, progress } = await train(5, { resume: kept[at]! });
    const { stage, step } = kept[at]!;
    expect(begun).toMatchObject({ stage, stages: 5 });
    expect(begun.steps?.[0] ?? 0).toBe(step);
    // What is left begins where the checkpoint was.
    for (const part of progress) expect(part).toBeGreaterThan(begun.done / cost);
    expect(training.place).toEqual({ stage: 5, stages: 5, phase: undefined, steps: undefined, done: cost });
    expect(Buffer.from(policy).equals(whole.policy)).toBe(true);
    expect(training.history.state).toEqual(whole.training.history.state);
  }
});

test("guided policy search lowers its losses, bounds its controllers, and can resume", async () => {
  const kept: Checkpoint[] = [];
  const keep = async (checkpoint: Checkpoint): Promise<void> => void kept.push(checkpoint);
  const whole = await train(6, { recipe: SMALL_GPS, keep });
  const { iterations } = whole.training.history;
  expect(iterations.map(({ actor, episodes }) => [actor, episodes])).toEqual([
    ["expert", 6],
    ["policy", 3],
    ["policy", 3],
  ]);
  for (const { bound, divergence, promise } of iterations.slice(1).flatMap((figures) => conditionsOf(figures)!)) {
    expect(divergence).toBeLessThanOrEqual(bound);
    expect(promise).toBeGreaterThan(0);
  }
  // Before the second iteration of the search.
  const { policy } = await train(6, { recipe: SMALL_GPS, resume: kept[4]! });
  expect(kept[4]!.rows).toBe(600);
  expect(Buffer.from(policy).equals(whole.policy)).toBe(true);
});

test("a training end to end lowers its losses, changes the convolutions, and can resume in a fit", async () => {
  const kept: Checkpoint[] = [];
  const keep = async (checkpoint: Checkpoint): Promise<void> => void kept.push(checkpoint);
  const whole = await train(7, { recipe: SMALL_LEVINE, keep, keepEvery: 0 });
  // Of the warm-up, of the expert's round, and of each iteration the fit of all layers and that of the last ones.
  expect(whole.losses).toHaveLength(6);
  const [pose, , ...endToEnd] = whole.losses;
  for (const losses of [pose!, endToEnd[2]!])
    expect(mean(losses.slice(-10))).toBeLessThan(0.9 * mean(losses.slice(0, 10)));
  const { layout, parameters } = whole.training;
  const convolutions = (vector: Float32Array) => [...layout.view(vector, "conv1.weight")];
  const warm = kept.findIndex(({ stage, step }) => stage === 1 && step === 0);
  const head = kept.findIndex(({ stage, step }) => stage === 3 && step === 0);
  expect(convolutions(kept[head]!.parameters)).toEqual(convolutions(kept[warm]!.parameters));
  expect(convolutions(parameters)).not.toEqual(convolutions(kept[head]!.parameters));
  // The readout of poses is no part of the policy, and keeps what the warm-up taught it.
  const readout = (vector: Float32Array) => [...layout.view(vector, "readout.weight")];
  expect(readout(parameters)).toEqual(readout(kept[warm]!.parameters));
  const { policy } = await train(7, { recipe: SMALL_LEVINE, resume: kept[kept.length - 20]! });
  expect(Buffer.from(policy).equals(whole.policy)).toBe(true);
});

test("before a fit of the last layers the feature points are found again, by the convolutions as they are", async () => {
  const kept: Checkpoint[] = [];
  const ending = new AbortController();
  const keep = async (checkpoint: Checkpoint): Promise<void> => {
    kept.push(checkpoint);
    // Before the search's first fit of the last layers.
    if (checkpoint.stage === 6) ending.abort();
  };
  const ended = train(8, { recipe: SMALL_LEVINE, keep, signal: ending.signal });
  await expect(ended).rejects.toThrow("aborted");
  const [before, after] = kept.slice(-2) as [Checkpoint, Checkpoint];
  const training = open.at(-1)!;
  const width = after.inputs.length / after.rows;
  const points = 2 * SMALL_LEVINE.spec.channels[2];
  const task = await loadTask("reacher", { width: 32, height: 32, ...SMALL_LEVINE.episodes });
  await withPolicy(training.export({ points: true }), async (act) => {
    for (const row of [0, 1, 99, 100, 333, after.rows - 1]) {
      task.restore(sceneOf({ ...training.demonstrations, ...after }, row));
      const seen = await act(task);
      const found = (of: Checkpoint) => of.inputs.slice(row * width, row * width + points);
      expect(found(after)).toEqual(seen.points);
      expect(found(before)).not.toEqual(seen.points);
      // The simulation restores positions and velocities alone, to the last bit.
      expect(after.inputs.slice(row * width + points, (row + 1) * width)).toEqual(seen.configuration);
    }
  });
  task.delete();
});

test("a training that diverges stops with a valid last checkpoint", async () => {
  const kept: Checkpoint[] = [];
  const recipe = { ...withoutVision(SMALL), imitation: { ...SMALL_IMITATION, rate: 1e6 } };
  const divergence = train(1, { recipe, keepEvery: 0, keep: async (checkpoint) => void kept.push(checkpoint) });
  await expect(divergence).rejects.toThrow(DivergenceError);
  await expect(divergence).rejects.toThrow(/^imitation 0\/1 diverged at step \d+ of 80: the loss (grew from|is) /);
  expect(kept.at(-1)!.parameters.every(Number.isFinite)).toBe(true);
});

test("episodes of the expert end on the target", async () => {
  const training = await startSmall(0);
  open.push(training);
  const outcomes = await teamEpisodes(training.team, training.export(), [0, 1, 2, 3, 4, 5, 6], {
    seed: 0,
    kind: { targets: "random" },
    expert: true,
    noise: 0,
  });
  expect(outcomes).toHaveLength(7);
  for (const { error, success } of outcomes) {
    expect(error).toBeLessThan(0.002);
    expect(success).toBe(true);
  }
});
