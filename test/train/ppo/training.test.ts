import { afterEach, expect, test } from "vitest";
import { DivergenceError } from "#src/train/history/history.js";
import { architectureNamed } from "#src/train/pixels/architectures.js";
import type { PpoRecipe } from "#src/train/ppo/recipe.js";
import { ppoRecipe } from "#src/train/ppo/recipes.js";
import { type PpoCheckpoint, type PpoOptions, PpoTraining, rolloutsOf } from "#src/train/ppo/training.js";

const usual = ppoRecipe("red-fetch-green", {});
/** Learns next to nothing, in a second. Episodes end within a rollout. */
const SMALL: PpoRecipe = {
  ...usual,
  network: { convolutions: usual.network.convolutions.map((layer) => ({ ...layer, filters: 4 })), hidden: 8 },
  ppo: { ...usual.ppo, totalSteps: 1100, worlds: 4, rolloutSteps: 64, epochs: 2, minibatches: 4 },
};

const open: PpoTraining[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((training) => training.close()));
});

async function train(seed: number, options: Partial<PpoOptions> = {}) {
  const training = await PpoTraining.start({ seed, world: "red-fetch-green", recipe: SMALL, ...options });
  open.push(training);
  await training.train();
  return training;
}

test("a training is the same bit for bit for one seed, and another for another", async () => {
  const progress: number[] = [];
  const once = await train(3, { progress: ({ done, total }) => progress.push(done / total) });
  const [again, other] = [await train(3), await train(4)];
  expect(progress).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
  expect(again.parameters).toEqual(once.parameters);
  expect(again.history.state).toEqual(once.history.state);
  expect(other.parameters).not.toEqual(once.parameters);
  const { points } = once.history.state;
  expect(points.map(({ steps }) => steps)).toEqual([256, 512, 768, 1024, 1280]);
  expect(points.reduce((sum, { episodes }) => sum + episodes, 0)).toBeGreaterThan(3);
});

test("a training resumed at any checkpoint has the same result and curves", async () => {
  const kept: PpoCheckpoint[] = [];
  const whole = await train(5, { keepEvery: 0, keep: async (checkpoint) => void kept.push(checkpoint) });
  expect(kept.map(({ iteration }) => iteration)).toEqual([1, 2, 3, 4, 5]);
  for (const at of [0, 2, 4]) {
    const resumed = await train(5, { resume: kept[at]! });
    expect(resumed.parameters).toEqual(whole.parameters);
    expect(resumed.history.state).toEqual(whole.history.state);
  }
});

test("a training that ends before its schedules do is the beginning of one that does not", async () => {
  const recipe = { ...SMALL, ppo: { ...SMALL.ppo, failureCost: 1 } };
  const kept: PpoCheckpoint[] = [];
  await train(8, { recipe, keepEvery: 0, keep: async (checkpoint) => void kept.push(checkpoint) });
  const ended = await train(8, { recipe: { ...recipe, ppo: { ...recipe.ppo, endSteps: 768 } } });
  expect(ended.steps).toBe(768);
  expect(ended.parameters).toEqual(kept[2]!.parameters);
});

test("a training that is cancelled between two steps goes on from its last checkpoint", async () => {
  const whole = await train(6);
  const ending = new AbortController();
  let last: PpoCheckpoint | undefined;
  const keep = async (checkpoint: PpoCheckpoint): Promise<void> => {
    last = checkpoint;
    if (checkpoint.iteration === 2) setTimeout(() => ending.abort(new Error("enough")));
  };
  await expect(train(6, { keep, keepEvery: 0, signal: ending.signal })).rejects.toThrow("enough");
  expect(last!.iteration).toBeLessThan(rolloutsOf(SMALL));
  expect((await train(6, { resume: last! })).parameters).toEqual(whole.parameters);
});

test("the control learns, but not its convolutions", async () => {
  const [control, policy] = [await train(7, { recipe: { ...SMALL, vision: false } }), await train(7)];
  const start = await train(7, { recipe: { ...SMALL, ppo: { ...SMALL.ppo, rate: 0 } } });
  for (const name of control.layout.slots.keys()) {
    const of = ({ layout, parameters }: PpoTraining) => layout.view(parameters, name);
    expect(of(policy)).not.toEqual(of(start));
    if (name.startsWith("conv")) expect(of(control), name).toEqual(of(start));
    else expect(of(control), name).not.toEqual(of(start));
  }
});

test("an exploding training ends with one line, and keeps no checkpoint that is not finite", async () => {
  const kept: PpoCheckpoint[] = [];
  const recipe = { ...SMALL, ppo: { ...SMALL.ppo, rate: 1e30 } };
  const ending = train(8, { recipe, keepEvery: 0, keep: async (checkpoint) => void kept.push(checkpoint) });
  await expect(ending).rejects.toThrow(DivergenceError);
  await expect(ending).rejects.toThrow(/^ppo diverged after \d+ steps: the [a-z' ]+ is (NaN|-?Infinity)$/);
  for (const { parameters } of kept) expect(parameters.every(Number.isFinite)).toBe(true);
});

test.each(["daqn", "rs-ppo", "fls-each", "sparse-fls-normalised"])(
  "a network with attention learns by all of its parameters: %s",
  async (name) => {
    const network = { ...architectureNamed(name), hidden: 8 };
    const recipe = { ...SMALL, network, ppo: { ...SMALL.ppo, totalSteps: 128, rolloutSteps: 32, epochs: 1 } };
    const training = await PpoTraining.start({ seed: 1, world: "red-fetch-green", recipe });
    open.push(training);
    const before = training.parameters.slice();
    await training.train();
    for (const parameter of training.layout.slots.keys()) {
      const [now, then] = [training.parameters, before].map((vector) => training.layout.view(vector, parameter));
      expect(now, parameter).not.toEqual(then);
    }
  },
);
