import { InputError } from "../../errors.js";
import type { ManipulationSpec } from "./manipulation/spec.js";
import type { Task, TaskOptions } from "./task.js";

/** Each loads its code on first use: the names alone cost nothing. */
const TASKS: Readonly<Record<string, (options: TaskOptions) => Promise<Task>>> = {
  reacher: async (options) => (await import("./reacher/reacher.js")).Reacher.load(options),
  peg: async (options) => manipulation((await import("./peg/peg.js")).PEG, options),
  door: async (options) => manipulation((await import("./door/door.js")).DOOR, options),
};

async function manipulation(spec: ManipulationSpec, options: TaskOptions): Promise<Task> {
  return (await import("./manipulation/manipulation.js")).Manipulation.load(spec, options);
}

/** Names of the simulated tasks. */
export const taskNames: readonly string[] = Object.keys(TASKS);

/** Loads a task by name. Throws InputError for an unknown one. */
export function loadTask(name: string, options: TaskOptions): Promise<Task> {
  const load = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
  if (load === undefined) throw new InputError(`no task named "${name}"; expected ${taskNames.join(", ")}`);
  return load(options);
}
