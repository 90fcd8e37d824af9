import type { FigureRun } from "./figure-run.js";
import type { Lesson } from "./lesson.js";
import type { Task, TaskOptions } from "./task.js";

/** Everything that the rest of the project asks of a task by name. */
export interface TaskEntry {
  /** Loads the task's code and model. */
  load(options: TaskOptions): Promise<Task>;
  readonly lesson: Lesson;
  /** Closed-loop runs that judge a policy. */
  readonly figureRuns: readonly FigureRun[];
}
