import { WORLD_RUNS, worldFigures } from "../../evaluation/world-figures.js";
import { worldNamed } from "../../sim/worlds/worlds.js";
import { exportWorldPolicy, worldCard } from "../../train/ppo/export.js";
import type { PpoRecipe } from "../../train/ppo/recipe.js";
import { ppoRecipe } from "../../train/ppo/recipes.js";
import type { TrainOptions } from "../input/train-options.js";
import { type Learner, trainByReward } from "./train-by-reward.js";

/** Cost of an episode of a figure, in environment steps of the training. */
const EPISODE = 100;

/** Trains a policy of a world by reward. */
export async function trainWorld(options: TrainOptions): Promise<void> {
  const { task } = options;
  const { facts } = worldNamed(task);
  const recipe = ppoRecipe(task, options);
  const reason = `is for arms, and ${task} has none`;
  const learner: Learner<PpoRecipe> = {
    recipe,
    without: [
      ["targets", reason],
      ["camera", reason],
      ["device", reason],
    ],
    taken: [],
    measuring: EPISODE * WORLD_RUNS.length,
    words: [
      ...WORLD_RUNS.map(({ key, text }) => [key, text] as const),
      ...WORLD_RUNS.map(
        ({ returns, text, ablation }) => [returns, `mean return${ablation ? `, ${text}` : ""}`] as const,
      ),
    ],
    card: (_, record) => worldCard(facts, recipe, record),
    export: ({ layout, parameters }, recipe, metadata) =>
      exportWorldPolicy(facts, recipe, layout, parameters, metadata),
    measure: (policy, measuring) => worldFigures(policy, task, measuring),
  };
  await trainByReward(options, learner);
}
