import { afterEach, expect, test } from "vitest";
import { DivergenceError } from "#src/train/history/history.js";
import { updatesOf, type VtraceRecipe } from "#src/train/vtrace/recipe.js";
import { vtraceRecipe, withRandomVision } from "#src/train/vtrace/recipes.js";
import { type VtraceCheckpoint, type VtraceOptions, VtraceTraining } from "#src/train/vtrace/training.js";
import { SMALL } from "./query-policy.js";

const usual = vtraceRecipe("red-fetch-green", "query");
/** Learns next to nothing. Episodes end within trajectories. */
const RECIPE: VtraceRecipe = {
  ...usual,
  network: SMALL,
  vtrace: { ...usual.vtrace, totalSteps: 192, worlds: 8, unroll: 4, lag: 2 },
};

const open: VtraceTraining[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((training) => training.close()));
});

async function train(seed: number, options: Partial<VtraceOptions> = {}) {
  const training = await VtraceTraining.start({ seed, world: "red-fetch-green", recipe: RECIPE, ...options });
  open.push(training);
  await training.train();
  return training;
}

const withSettings = (vtrace: Partial<VtraceRecipe["vtrace"]>): VtraceRecipe => ({
  ...RECIPE,
  vtrace: { ...RECIPE.vtrace, ...vtrace },
});

test("a training is the same bit for bit for one seed, also where it is resumed at any checkpoint", async () => {
  const kept: VtraceCheckpoint[] = [];
  const progress: number[] = [];
  const whole = await train(3, {
    keepEvery: 0,
    keep: async (checkpoint) => void kept.push(checkpoint),
    progress: ({ done, total }) => progress.push(done / total),
  });
  expect(progress).toEqual([1, 2, 3, 4, 5, 6].map((update) => update / 6));
  expect(kept.map(({ iteration }) => iteration)).toEqual([1, 2, 3, 4, 5, 6]);
  for (const resume of [undefined, kept[0]!, kept[3]!]) {
    const again = await train(3, { resume });
    expect(again.parameters).toEqual(whole.parameters);
    expect(again.history.state).toEqual(whole.history.state);
  }
  expect((await train(4)).parameters).not.toEqual(whole.parameters);
  expect(whole.history.state.points.reduce((sum, { episodes }) => sum + episodes, 0)).toBeGreaterThan(0);
  // State that is carried from one trajectory into the next is part of a checkpoint.
  const { memory } = kept[0]!.standing;
  expect(memory.some((number) => number !== 0)).toBe(true);
  const forgetful = { ...kept[0]!, standing: { ...kept[0]!.standing, memory: memory.map(() => 0) } };
  expect((await train(3, { resume: forgetful })).parameters).not.toEqual(whole.parameters);
});

test("actors are as many updates behind as the recipe says: importance weights are 1 at the start alone", async () => {
  const divergences = async (lag: number) => {
    const training = await train(5, { recipe: withSettings({ lag, rate: 0.01 }) });
    return training.history.state.points.map(({ kl }) => kl!);
  };
  for (const change of await divergences(0)) expect(Math.abs(change)).toBeLessThan(1e-6);
  const [first, ...later] = await divergences(1);
  expect(Math.abs(first!)).toBeLessThan(1e-6);
  for (const change of later) expect(change).toBeGreaterThan(1e-6);
});

test("the control learns, but not its convolutions and their memory; a policy learns by all of its parameters", async () => {
  const [policy, control] = [await train(7), await train(7, { recipe: withRandomVision(RECIPE) })];
  const start = await train(7, { recipe: withSettings({ rate: 0 }) });
  for (const name of control.layout.slots.keys()) {
    const of = ({ layout, parameters }: VtraceTraining) => layout.view(parameters, name);
    expect(of(policy), name).not.toEqual(of(start));
    if (name.startsWith("conv") || name.startsWith("memory")) expect(of(control), name).toEqual(of(start));
    else expect(of(control), name).not.toEqual(of(start));
  }
});

test("the network of the world's usual recipe learns by V-trace, too, without memory", async () => {
  const recipe = vtraceRecipe("red-fetch-green");
  const before = await train(1, { recipe: { ...recipe, vtrace: { ...RECIPE.vtrace, rate: 0 } } });
  const after = await train(1, { recipe: { ...recipe, vtrace: RECIPE.vtrace } });
  expect(after.layout.slots.has("core.weight")).toBe(false);
  for (const name of after.layout.slots.keys())
    expect(after.layout.view(after.parameters, name), name).not.toEqual(before.layout.view(before.parameters, name));
});

test("a training that is cancelled goes on from its last checkpoint", async () => {
  const whole = await train(6);
  const ending = new AbortController();
  let last: VtraceCheckpoint | undefined;
  const keep = async (checkpoint: VtraceCheckpoint): Promise<void> => {
    last = checkpoint;
    if (checkpoint.iteration === 2) ending.abort(new Error("enough"));
  };
  await expect(train(6, { keep, keepEvery: 0, signal: ending.signal })).rejects.toThrow("enough");
  expect(last!.iteration).toBeLessThan(updatesOf(RECIPE));
  expect((await train(6, { resume: last! })).parameters).toEqual(whole.parameters);
});

test("an exploding training ends with one line, and keeps no checkpoint that is not finite", async () => {
  const kept: VtraceCheckpoint[] = [];
  const recipe = withSettings({ rate: 1e30, gradientNorm: 1e30 });
  const ending = train(8, { recipe, keepEvery: 0, keep: async (checkpoint) => void kept.push(checkpoint) });
  await expect(ending).rejects.toThrow(DivergenceError);
  for (const { parameters } of kept) expect(parameters.every(Number.isFinite)).toBe(true);
});
