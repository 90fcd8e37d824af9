import { afterEach, expect, test } from "vitest";
import { REACHER_RECIPE, ReacherTraining, type Recipe } from "#src/train/reacher.js";

const SMALL: Recipe = {
  ...REACHER_RECIPE,
  spec: { ...REACHER_RECIPE.spec, width: 32, height: 32, channels: [4, 4, 4], kernels: [5, 3, 3], hidden: [8, 8] },
  landmarkChannels: [2, 2],
  vision: { ...REACHER_RECIPE.vision, batch: 4, steps: 80, rate: 1e-2, precision: [3, 3] },
  imitation: { ...REACHER_RECIPE.imitation, batch: 16, rounds: 1, episodes: 4, steps: 80, finalSteps: 80 },
};
const torqueLimit = [0.3, 0.3];

const open: ReacherTraining[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((training) => training.close()));
});

async function train(seed: number) {
  const losses: Record<string, number[]> = {};
  const training = await ReacherTraining.start({
    seed,
    recipe: SMALL,
    torqueLimit,
    progress: ({ phase, loss }) => {
      losses[phase] ??= [];
      losses[phase].push(loss);
    },
  });
  open.push(training);
  await training.train();
  return { policy: training.export(), losses: Object.values(losses), training };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test("a short training lowers every loss and is the same bit for bit for one seed", async () => {
  const [once, again, other] = [await train(3), await train(3), await train(4)];
  expect(once.losses).toHaveLength(3);
  for (const losses of once.losses) expect(mean(losses.slice(-10))).toBeLessThan(0.9 * mean(losses.slice(0, 10)));
  expect(Buffer.from(again.policy).equals(once.policy)).toBe(true);
  expect(Buffer.from(other.policy).equals(once.policy)).toBe(false);
}, 30_000);

test("episodes of the expert end on the target", async () => {
  const training = await ReacherTraining.start({ seed: 0, recipe: SMALL, torqueLimit });
  open.push(training);
  const errors = await training.team.episodes(training.export(), {
    seed: 0,
    episodes: [0, 1, 2, 3, 4, 5, 6],
    targets: "random",
    expert: true,
    noise: 0,
  });
  expect(errors).toHaveLength(7);
  for (const error of errors) expect(error).toBeLessThan(0.002);
}, 30_000);
