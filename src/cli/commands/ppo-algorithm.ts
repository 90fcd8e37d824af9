import { type ArmPpoRecipe, type PpoRecipe, withRandomVision } from "../../train/ppo/recipe.js";
import { type PpoCheckpoint, PpoTraining, rolloutSize, rolloutsOf } from "../../train/ppo/training.js";
import type { RewardAlgorithm } from "./train-by-reward.js";

/** Proximal policy optimisation of a world's or an arm's policy. */
export const byPpo = <R extends PpoRecipe | ArmPpoRecipe>(
  recipe: R,
): RewardAlgorithm<R, PpoTraining, PpoCheckpoint> => ({
  algorithm: "ppo",
  recipe,
  control: withRandomVision(recipe),
  steps: rolloutsOf(recipe) * rolloutSize(recipe),
  start: (options) => PpoTraining.start(options),
});
