import { taskNamed } from "../../sim/tasks/tasks.js";

/** Keys of the figures of a task's policies, and what they are in words. */
export function figureWords(task: string): readonly (readonly [key: string, text: string])[] {
  const runs = taskNamed(task).figureRuns;
  return [
    ...runs.map(({ key, text }) => [key, text] as const),
    ...runs.flatMap(({ median }) => (median ? [median] : [])),
    ["focus", "relevance near the task's image points"],
  ];
}
