export type { BaseRecipe, Lesson, NetworkSpec, Recipe } from "../sim/tasks/lesson.js";
export { ALGORITHMS } from "../train/algorithms/algorithms.js";
export type { IterationFigures } from "../train/episodes/outcome.js";
export type { History, HistoryState, PhaseCurve } from "../train/history/history.js";
export type { AdamState } from "../train/network/adam.js";
export { trainedCard } from "../train/policy-card.js";
export { recipeFor, withCamera, withoutVision } from "../train/recipe.js";
export { RunFolder, type RunIdentity } from "../train/run-folder.js";
export { type Checkpoint, type Progress, Training, type TrainOptions } from "../train/training.js";
