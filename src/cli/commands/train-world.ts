import { WORLD_RUNS, worldFigures } from "../../evaluation/world-figures.js";
import { worldNamed } from "../../sim/worlds/worlds.js";
import { exportWorldPolicy, worldCard } from "../../train/ppo/export.js";
import { agentCard, exportAgent } from "../../train/vtrace/export.js";
import { updateSize, updatesOf, type VtraceRecipe } from "../../train/vtrace/recipe.js";
import { withRandomVision } from "../../train/vtrace/recipes.js";
import { type VtraceCheckpoint, VtraceTraining } from "../../train/vtrace/training.js";
import { worldRecipe } from "../../train/world-recipe.js";
import type { TrainOptions } from "../input/train-options.js";
import { byPpo } from "./ppo-algorithm.js";
import { type Learner, type RewardAlgorithm, trainByReward } from "./train-by-reward.js";

/** Cost of an episode of a figure, in environment steps of the training. */
const EPISODE = 100;

const byVtrace = (recipe: VtraceRecipe): RewardAlgorithm<VtraceRecipe, VtraceTraining, VtraceCheckpoint> => ({
  algorithm: "vtrace",
  recipe,
  control: withRandomVision(recipe),
  steps: updatesOf(recipe) * updateSize(recipe),
  start: (options) => VtraceTraining.start(options),
});

/** Trains a policy of a world by reward. */
export async function trainWorld(options: TrainOptions): Promise<void> {
  const { task } = options;
  const { facts } = worldNamed(task);
  const recipe = worldRecipe(task, options);
  const reason = `is for arms, and ${task} has none`;
  const shared: Pick<Learner<never, never, never>, "without" | "taken" | "measuring" | "words" | "measure"> = {
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
    measure: (policy, measuring) => worldFigures(policy, task, measuring),
  };
  if (recipe.algorithm === "ppo") {
    return trainByReward(options, {
      ...shared,
      ...byPpo(recipe),
      card: (_, record) => worldCard(facts, recipe, record),
      export: ({ layout, parameters }, recipe, metadata) =>
        exportWorldPolicy(facts, recipe, layout, parameters, metadata),
    });
  }
  return trainByReward(options, {
    ...shared,
    ...byVtrace(recipe),
    card: (_, record) => agentCard(facts, recipe, record),
    export: ({ layout, parameters }, recipe, metadata) => exportAgent(facts, recipe, layout, parameters, metadata),
  });
}
