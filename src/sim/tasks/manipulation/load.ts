import type { Task, TaskOptions } from "../task.js";
import type { ManipulationSpec } from "./spec.js";

/** Loads the simulation on first use. */
export const loadManipulation = async (spec: ManipulationSpec, options: TaskOptions): Promise<Task> =>
  (await import("./manipulation.js")).Manipulation.load(spec, options);
