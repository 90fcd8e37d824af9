export type { ImageAblation } from "../sim/ablation.js";
export type { ControlProblem, PlanOptions } from "../sim/expert/ilqr.js";
export type { ControlStep } from "../sim/expert/linearise.js";
export type { LinearDynamics } from "../sim/expert/lqr.js";
export type { Expansion, StateCost } from "../sim/expert/state-cost.js";
export { type Perturbable, type Perturbation, readPerturbations } from "../sim/perturbations.js";
export { type Random, random } from "../sim/random.js";
export { ARM, BACKGROUND, type Sight, TARGET } from "../sim/render/sight.js";
export type { ImagePoint } from "../sim/render/view.js";
export type { Sensed, Simulated } from "../sim/simulated.js";
export { SimulatedWorld } from "../sim/simulated-world.js";
export { SimulatedSource, type SimulationOptions } from "../sim/source.js";
export type { SimulationSummary } from "../sim/tally.js";
export type {
  Modality,
  Targets,
  Task,
  TaskCamera,
  TaskEpisode,
  TaskObservation,
  TaskOptions,
  TaskPlanner,
  Wrench,
} from "../sim/tasks/task.js";
export { loadTask, taskNames } from "../sim/tasks/tasks.js";
export { type SavedBatch, WorldBatch, type WorldBatchOptions } from "../sim/worlds/batch.js";
export { type Canvas, type PictureSize, type PixelData, pictureLength, pixels, planes } from "../sim/worlds/canvas.js";
export type {
  ActionSpace,
  ContinuousActions,
  DiscreteActions,
  World,
  WorldEntry,
  WorldFacts,
  WorldStep,
} from "../sim/worlds/world.js";
export { worldNamed, worldNames } from "../sim/worlds/worlds.js";
