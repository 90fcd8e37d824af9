import { InputError } from "../../errors.js";
import type { Manipulation } from "./manipulation.js";
import type { Targets } from "./reacher.js";
import type { Task } from "./task.js";

export interface TaskOptions {
  /** Size of the camera image, pixels: what the policy expects. */
  readonly width: number;
  readonly height: number;
  readonly targets?: Targets;
}

/** Each loads its code when it is asked for: the names alone cost nothing. */
const TASKS: Readonly<Record<string, (options: TaskOptions) => Promise<Task>>> = {
  reacher: async (options) => (await import("./reacher.js")).Reacher.load(options),
  peg: async (options) => manipulation((await import("./peg.js")).PEG, options),
  door: async (options) => manipulation((await import("./door.js")).DOOR, options),
};

async function manipulation(plan: Parameters<typeof Manipulation.load>[0], options: TaskOptions): Promise<Task> {
  return (await import("./manipulation.js")).Manipulation.load(plan, options);
}

/** Names of the simulated tasks. */
export const taskNames: readonly string[] = Object.keys(TASKS);

/** Loads a task by name. Throws InputError for an unknown one. */
export function loadTask(name: string, options: TaskOptions): Promise<Task> {
  const load = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
  if (load === undefined) throw new InputError(`no task named "${name}"; expected ${taskNames.join(", ")}`);
  return load(options);
}
