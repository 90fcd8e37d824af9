import { InputError } from "../../errors.js";
import { DOOR } from "./door.js";
import { Manipulation } from "./manipulation.js";
import { PEG } from "./peg.js";
import { Reacher, type Targets } from "./reacher.js";
import type { Task } from "./task.js";

export interface TaskOptions {
  /** Size of the camera image, pixels: what the policy expects. */
  readonly width: number;
  readonly height: number;
  readonly targets?: Targets;
}

const TASKS: Readonly<Record<string, (options: TaskOptions) => Promise<Task>>> = {
  reacher: (options) => Reacher.load(options),
  peg: (options) => Manipulation.load(PEG, options),
  door: (options) => Manipulation.load(DOOR, options),
};

/** Names of the simulated tasks. */
export const taskNames: readonly string[] = Object.keys(TASKS);

/** Loads a task by name. Throws InputError for an unknown one. */
export function loadTask(name: string, options: TaskOptions): Promise<Task> {
  const load = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
  if (load === undefined) throw new InputError(`no task named "${name}"; expected ${taskNames.join(", ")}`);
  return load(options);
}
