import { dirname, relative } from "node:path";
import { policyFigures } from "../../evaluation/policy-figures.js";
import { packagePath, shippedModel } from "../../package-files.js";
import { loadTask, taskNamed } from "../../sim/tasks/tasks.js";
import { exportPolicy } from "../../train/network/export.js";
import { trainedCard } from "../../train/policy-card.js";
import { armRecipe } from "../../train/ppo/arm-recipes.js";
import { withCamera, withTargets } from "../../train/recipe.js";
import type { TrainOptions } from "../input/train-options.js";
import { figureWords } from "../output/figure-words.js";
import { byPpo } from "./ppo-algorithm.js";
import { trainByReward } from "./train-by-reward.js";

/** Trains an arm's policy by reward. */
export async function trainArmByReward(options: TrainOptions): Promise<void> {
  const { task: name, camera, targets } = options;
  const usual = armRecipe(name, options);
  const seen = camera ? withCamera(usual, ...camera) : usual;
  const recipe = targets === undefined ? seen : withTargets(seen, targets);
  const { spec, episodes } = recipe;
  const task = await loadTask(name, spec);
  const { torqueLimit, arm } = task;
  await trainByReward(options, {
    ...byPpo(recipe),
    without: [["device", "is for imitation and guided policy search, ppo trains on the CPU"]],
    taken: [shippedModel(name)],
    measuring: task.ticks * taskNamed(name).figureRuns.length,
    words: figureWords(name),
    card(path, record) {
      const file = relative(dirname(path), packagePath(`models/${arm.file}`));
      return trainedCard(task, { file, site: arm.site }, record, spec);
    },
    export: ({ layout, parameters, standardisation }, { spec }, metadata) =>
      exportPolicy(spec, layout, parameters, { ...standardisation!, torqueLimit }, { metadata }),
    measure: (policy, measuring) =>
      policyFigures(policy, name, { ...measuring, kind: episodes.starts ? { starts: episodes.starts } : {} }),
  });
}
