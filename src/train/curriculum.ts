import { gpsStages } from "./algorithms/gps.js";
import { imitationStages } from "./algorithms/imitation.js";
import type { Lesson } from "./lessons.js";
import type { Recipe } from "./recipe.js";
import type { Stage } from "./stage.js";

/** Cost of a step of the fully connected layers, pose steps. */
const HEAD_STEP = 0.01;

/**
 * Everything that a recipe does: the pose warm-up, then the algorithm's own stages.
 * @param ticks of an episode
 */
export function stagesOf(recipe: Recipe, lesson: Lesson, ticks: number): Stage[] {
  const { steps, rate, precision } = recipe.vision;
  const [first, last] = precision;
  const warmUp: Stage = {
    kind: "fit",
    phase: "pose warm-up",
    group: "vision",
    steps,
    rate,
    request: (step) => {
      const rise = Math.max(0, (step / steps - 0.4) / 0.6);
      return { kind: "vision", step, precision: first * (last / first) ** rise };
    },
  };
  const rest = "gps" in recipe ? gpsStages(recipe, lesson, ticks) : imitationStages(recipe, lesson, ticks);
  return [...(steps > 0 ? [warmUp] : []), ...rest];
}

/** Samples of a worker's step, and all episodes to learn from. */
export function headFits(recipe: Recipe): { batch: number; episodes: number } {
  if ("gps" in recipe) {
    const { batch, iterations, conditions, samples } = recipe.gps;
    return { batch, episodes: (1 + iterations) * conditions * samples };
  }
  const { batch, rounds, episodes } = recipe.imitation;
  return { batch, episodes: (1 + rounds) * episodes };
}

/** A stage's part of the whole, pose steps. */
export const costOf = (stage: Stage): number =>
  stage.kind === "collect" ? stage.cost : stage.steps * (stage.group === "vision" ? 1 : HEAD_STEP);
