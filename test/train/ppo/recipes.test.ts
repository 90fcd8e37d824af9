import { expect, test } from "vitest";
import { ppoRecipe } from "#src/train/ppo/recipes.js";
import { rateAt } from "#src/train/ppo/settings.js";
import { rolloutSize } from "#src/train/ppo/training.js";

test("the recipe of Red-Fetch-Green has the settings of the paper's Table 2", () => {
  const recipe = ppoRecipe("red-fetch-green", { algorithm: "ppo" });
  expect(recipe.frames).toBe(1);
  expect(recipe.network.convolutions).toHaveLength(3);
  expect(recipe.ppo).toMatchObject({
    gamma: 0.99,
    lambda: 0.95,
    rate: 1e-3,
    worlds: 16,
    rolloutSteps: 128,
    epochs: 4,
    minibatches: 8,
    entropy: 0.01,
    value: 0.5,
    clip: 0.2,
    gradientNorm: 0.5,
  });
  // Worlds and minibatches are shared out evenly.
  expect(recipe.ppo.worlds % recipe.workers).toBe(0);
  expect(rolloutSize(recipe) % (recipe.ppo.minibatches * recipe.workers)).toBe(0);
});

test("recipes and algorithms that a world does not have are refused", () => {
  expect(() => ppoRecipe("red-fetch-green", { recipe: "levine" })).toThrow(
    'task red-fetch-green has no recipe "levine", expected ppo, nature, daqn',
  );
  expect(() => ppoRecipe("red-fetch-green", { algorithm: "gps" })).toThrow(
    'task red-fetch-green cannot be trained by "gps", expected ppo',
  );
});

test("the rate falls in a line, and to zero over the last part", () => {
  const { ppo } = ppoRecipe("red-fetch-green", {});
  const settings = { ...ppo, rate: 8, rateEnd: 0.5, totalSteps: 1000, coolDown: 0.5 };
  const rates = (more: object) => [0, 5, 6, 8, 10].map((i) => rateAt({ ...settings, ...more }, i, 10, 100));
  expect(rates({ rateSteps: 1000, coolDown: 0 })).toEqual([8, 6, 5.6, 4.8, 4]);
  expect(rates({ rateSteps: 2000 })).toEqual([8, 7, 6.8 * 0.8, 6.4 * 0.4, 0]);
});
