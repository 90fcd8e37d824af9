import type { FigureRun } from "../figure-run.js";

/** Runs of a 7-DoF task; `done` and `median` name success and the median error in words. */
export const manipulationRuns = (done: string, median: string): readonly FigureRun[] => [
  { key: "success", text: done, median: ["median_mm", median], focus: true },
  { key: "anywhere", text: "goals anywhere", targets: "random" },
  { key: "torque_noise", text: "under 3 % torque noise", torqueNoise: 0.03 },
  { key: "image_frozen", text: "image of another condition, frozen", ablation: "frozen" },
  { key: "image_first", text: "its own first image, frozen", ablation: "first" },
  { key: "image_black", text: "black image", ablation: "black" },
];
