import { InputError } from "../../errors.js";
import { own } from "../../own.js";
import { BAXTER } from "./baxter/entry.js";
import { DOOR } from "./door/entry.js";
import { PEG } from "./peg/entry.js";
import { REACHER } from "./reacher/entry.js";
import type { Task, TaskOptions } from "./task.js";
import type { TaskEntry } from "./task-entry.js";

/** The simulated tasks. An entry loads the task's code on first use: names and lessons alone cost nothing. */
const TASKS: Readonly<Record<string, TaskEntry>> = { reacher: REACHER, peg: PEG, door: DOOR, baxter: BAXTER };

/** Names of the simulated tasks. */
export const taskNames: readonly string[] = Object.keys(TASKS);

/** @throws InputError for an unknown name */
export function taskNamed(name: string): TaskEntry {
  const entry = own(TASKS, name);
  if (entry === undefined) throw new InputError(`no task named "${name}"; expected ${taskNames.join(", ")}`);
  return entry;
}

/** Loads a task by name. @throws InputError for an unknown name */
export const loadTask = (name: string, options: TaskOptions): Promise<Task> => taskNamed(name).load(options);
