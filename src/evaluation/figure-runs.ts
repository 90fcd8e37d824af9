import type { ImageAblation } from "../sim/source.js";
import type { Targets } from "../sim/tasks/task.js";

/** A closed-loop run that says how well a policy does. */
export interface FigureRun {
  /** Its name in the record, and in words. */
  readonly key: string;
  readonly text: string;
  readonly targets?: Targets;
  readonly ablation?: ImageAblation;
  /** Noise on the torques, a part of each joint's limit. */
  readonly torqueNoise?: number;
  /** Where the median error at the end is asked for: its name in the record, and in words. */
  readonly median?: readonly [key: string, text: string];
  /** Whether this run explains every tick in full and measures where the relevance lies. */
  readonly focus?: boolean;
}

const manipulation = (done: string, median: string): readonly FigureRun[] => [
  { key: "success", text: done, median: ["median_mm", median], focus: true },
  { key: "torque_noise", text: "under 3 % torque noise", torqueNoise: 0.03 },
  { key: "image_frozen", text: "image of another condition, frozen", ablation: "frozen" },
  { key: "image_first", text: "its own first image, frozen", ablation: "first" },
  { key: "image_black", text: "black image", ablation: "black" },
];

const FIGURE_RUNS: Readonly<Record<string, readonly FigureRun[]>> = {
  reacher: [
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
  ],
  peg: manipulation("inserted", "median distance from seated (mm)"),
  door: manipulation("opened", "median way of the handle to go (mm)"),
};

/** The runs of a task. */
export const figureRuns = (task: string): readonly FigureRun[] => FIGURE_RUNS[task]!;
