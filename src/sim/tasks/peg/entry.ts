import { SLOW } from "../levine.js";
import { manipulationRuns } from "../manipulation/figure-runs.js";
import { manipulationLesson } from "../manipulation/lesson.js";
import { loadManipulation } from "../manipulation/load.js";
import type { TaskEntry } from "../task-entry.js";

export const PEG: TaskEntry = {
  load: async (options) => loadManipulation((await import("./peg.js")).PEG_SPEC, options),
  lesson: manipulationLesson({}, {}, { endToEnd: SLOW }),
  figureRuns: manipulationRuns("inserted", "median distance from seated (mm)"),
};
