import type { FigureRun } from "../figure-run.js";
import type { TaskEntry } from "../task-entry.js";
import { BAXTER_LESSON } from "./lesson.js";

const RUNS: readonly FigureRun[] = [
  {
    key: "four",
    text: "met, four places of the left hand",
    targets: "four",
    median: ["four_median_mm", "median error, four places (mm)"],
    focus: true,
  },
  {
    key: "random",
    text: "met, left hand anywhere",
    targets: "random",
    median: ["random_median_mm", "median error, anywhere (mm)"],
  },
  { key: "torque_noise", text: "anywhere, under 1 % torque noise", targets: "random", torqueNoise: 0.01 },
  { key: "image_frozen", text: "image of another place, frozen", targets: "random", ablation: "frozen" },
  { key: "image_first", text: "its own first image, frozen", targets: "random", ablation: "first" },
  { key: "image_black", text: "black image", targets: "random", ablation: "black" },
];

export const BAXTER: TaskEntry = {
  load: async (options) => (await import("./baxter.js")).Baxter.load(options),
  lesson: BAXTER_LESSON,
  figureRuns: RUNS,
};
