import { InputError } from "../../errors.js";
import { own } from "../../own.js";
import { taskNamed } from "../../sim/tasks/tasks.js";
import type { ArmPpoRecipe } from "./recipe.js";

/** Recipes of arms, by task. */
const RECIPES: Readonly<Record<string, ArmPpoRecipe>> = {
  reacher: {
    algorithm: "ppo",
    frames: 1,
    vision: true,
    workers: 2,
    spec: {
      width: 48,
      height: 48,
      channels: [8, 8, 8],
      kernels: [5, 3, 3],
      configuration: 10,
      hidden: [64, 64],
      torques: 2,
    },
    sharpness: 4,
    episodes: { targets: "random" },
    reward: { distance: 4, torque: 0.02, closeness: 1, near: 0.01 },
    ppo: {
      totalSteps: 1_500_000,
      worlds: 32,
      rolloutSteps: 50,
      epochs: 4,
      minibatches: 8,
      rewardScale: 0.2,
      gamma: 0.95,
      lambda: 0.95,
      rate: 7e-4,
      rateEnd: 0,
      clip: 0.2,
      clipEnd: 1,
      entropy: 0,
      value: 0.5,
      gradientNorm: 0.5,
    },
  },
};

/** Names of the tasks of arms that have a recipe. */
export const rewardedTasks: readonly string[] = Object.keys(RECIPES);

/** @throws InputError for a task that has none, and for an algorithm or a recipe that is not ppo */
export function armRecipe(
  task: string,
  {
    algorithm = "ppo",
    recipe = "ppo",
  }: { readonly algorithm?: string | undefined; readonly recipe?: string | undefined },
): ArmPpoRecipe {
  const found = own(RECIPES, task);
  if (found === undefined) {
    const others = [...new Set(Object.values(taskNamed(task).lesson.recipes).map((other) => other.algorithm))];
    throw new InputError(`task ${task} cannot be trained by "ppo", expected ${others.join(", ")}`);
  }
  if (recipe !== "ppo") throw new InputError(`recipe ${recipe} is not for the algorithm ppo`);
  if (algorithm !== "ppo") throw new InputError(`recipe ppo is for the algorithm ppo, not ${algorithm}`);
  return found;
}
