import type { FigureRun } from "../figure-run.js";
import type { TaskEntry } from "../task-entry.js";
import { REACHER_LESSON } from "./lesson.js";

const RUNS: readonly FigureRun[] = [
  {
    key: "four",
    text: "four targets",
    targets: "four",
    median: ["four_median_mm", "median error, four targets (mm)"],
    focus: true,
  },
  {
    key: "random",
    text: "targets anywhere",
    targets: "random",
    median: ["random_median_mm", "median error, anywhere (mm)"],
  },
  { key: "image_frozen", text: "image of another target, frozen", targets: "four", ablation: "frozen" },
  { key: "image_first", text: "its own first image, frozen", targets: "four", ablation: "first" },
];

export const REACHER: TaskEntry = {
  load: async (options) => (await import("./reacher.js")).Reacher.load(options),
  lesson: REACHER_LESSON,
  figureRuns: RUNS,
};
