import type { Recipe } from "../../sim/tasks/lesson.js";
import type { Histories } from "../history/panels.js";
import type { Layout } from "../network/parameters.js";
import type { StepModel } from "../network/step-model.js";
import type { Stage } from "../team/stage.js";
import type { WorkTable } from "../team/work.js";

/** A training algorithm: what comes after the pose warm-up of the convolutions. */
export interface Algorithm {
  /**
   * Reads the algorithm's settings from the recipe, under the algorithm's name.
   * @param ticks of an episode
   */
  schedule(recipe: Recipe, ticks: number): Schedule;
  /** Work for the team's workers, by its name in requests. */
  readonly work: WorkTable;
  /** More panels of the training curves (Vega-Lite), over the axis `x` of the iterations. */
  panels?(histories: Histories, x: object): object[];
}

export interface Schedule {
  readonly stages: readonly Stage[];
  /** Episodes that the demonstrations hold. */
  readonly episodes: number;
  /** Graph of a training step of the fully connected layers. */
  step(layout: Layout): StepModel;
}
