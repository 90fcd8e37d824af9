import { SLOW } from "../levine.js";
import { manipulationRuns } from "../manipulation/figure-runs.js";
import { manipulationLesson } from "../manipulation/lesson.js";
import { loadManipulation } from "../manipulation/load.js";
import type { TaskEntry } from "../task-entry.js";

export const DOOR: TaskEntry = {
  load: async (options) => loadManipulation((await import("./door.js")).DOOR_SPEC, options),
  // By `gps` a second iteration of the search loses one of the four base positions, by `levine` it does not; there fits of all
  // layers end far from the labels, whatever the seed: see docs/notes/training.md.
  lesson: manipulationLesson(
    { landmarkChannels: [8, 8] },
    { iterations: 1, dynamics: "differences" },
    {
      gps: { iterations: 4, steps: 3000, torqueNoise: 0.1 },
      endToEnd: { ...SLOW, refit: { steps: 3000, finalSteps: 20_000, rate: 3e-3 } },
    },
  ),
  figureRuns: manipulationRuns("opened", "median way of the handle to go (mm)"),
};
