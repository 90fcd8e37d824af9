import { manipulationRuns } from "../manipulation/figure-runs.js";
import { manipulationLesson } from "../manipulation/lesson.js";
import { loadManipulation } from "../manipulation/load.js";
import type { TaskEntry } from "../task-entry.js";

export const PEG: TaskEntry = {
  load: async (options) => loadManipulation((await import("./peg.js")).PEG_SPEC, options),
  // With as few goals as the door has, the peg finds its corners or what lies between, not both.
  lesson: manipulationLesson({}, {}, { anywhere: { episodes: 400, finalSteps: 160_000, conditions: 0.08 } }),
  figureRuns: manipulationRuns("inserted", "median distance from seated (mm)"),
};
