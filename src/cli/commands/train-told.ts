import { InputError } from "../../errors.js";
import { TOLD_RUNS, toldFigures } from "../../evaluation/told-figures.js";
import { worldNamed } from "../../sim/worlds/worlds.js";
import { listeningCard } from "../../train/listening/card.js";
import { exportListening } from "../../train/listening/export.js";
import { type ListeningRecipe, listeningSpec, stepsOf } from "../../train/listening/recipe.js";
import { listeningRecipe } from "../../train/listening/recipes.js";
import { type ListeningCheckpoint, ListeningTraining } from "../../train/listening/training.js";
import type { TrainOptions } from "../input/train-options.js";
import { trainByReward } from "./train-by-reward.js";

/** Cost of an episode of a figure, in steps of the optimiser. */
const EPISODE = 1;

/** Trains a policy of a world that tells in words what to do, on its expert's answers. */
export async function trainTold(options: TrainOptions): Promise<void> {
  const { task, algorithm } = options;
  if (algorithm !== undefined && algorithm !== "imitation")
    throw new InputError(`task ${task} cannot be trained by "${algorithm}", expected imitation`);
  const { facts } = worldNamed(task);
  const recipe = listeningRecipe(options.recipe);
  const spec = listeningSpec(facts, recipe.network);
  const reason = `is for arms, and ${task} has none`;
  return trainByReward<ListeningRecipe, ListeningTraining, ListeningCheckpoint>(options, {
    algorithm: "imitation",
    recipe,
    control: { ...recipe, vision: false },
    steps: stepsOf(recipe),
    start: (started) => ListeningTraining.start(started),
    without: [
      ["targets", reason],
      ["camera", reason],
      ["device", reason],
    ],
    taken: [],
    measuring: EPISODE * TOLD_RUNS.length,
    words: TOLD_RUNS.flatMap(({ key, weighted, text }) => [
      [key, text] as const,
      [weighted, `${text}, by path length`] as const,
    ]),
    card: (_, record) => listeningCard(facts, spec, record),
    export: ({ layout, parameters }, _, metadata) => exportListening(spec, layout, parameters, metadata),
    measure: (policy, measuring) => toldFigures(policy, task, measuring),
  });
}
