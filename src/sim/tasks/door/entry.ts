import { SLOW } from "../levine.js";
import { manipulationRuns } from "../manipulation/figure-runs.js";
import { manipulationLesson } from "../manipulation/lesson.js";
import { loadManipulation } from "../manipulation/load.js";
import type { TaskEntry } from "../task-entry.js";

export const DOOR: TaskEntry = {
  load: async (options) => loadManipulation((await import("./door.js")).DOOR_SPEC, options),
  // By `gps` a second iteration of the search loses one of the four base positions, by `levine` it does not: see
  // docs/notes/training.md.
  lesson: manipulationLesson(
    { landmarkChannels: [8, 8] },
    { iterations: 1, dynamics: "differences" },
    { gps: { iterations: 3, steps: 3000 }, endToEnd: SLOW },
  ),
  figureRuns: manipulationRuns("opened", "median way of the handle to go (mm)"),
};
