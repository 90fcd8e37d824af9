import type { ImageAblation } from "../ablation.js";
import type { Targets } from "./task.js";

/** A closed-loop run that judges a policy. */
export interface FigureRun {
  /** Its name in the record, and in words. */
  readonly key: string;
  readonly text: string;
  readonly targets?: Targets;
  readonly ablation?: ImageAblation;
  /** Standard deviation of noise on the torques, as a part of each joint's limit. */
  readonly torqueNoise?: number;
  /** Where the run also reports the median error at the end: its name in the record, and in words. */
  readonly median?: readonly [key: string, text: string];
  /** True where the run explains every tick in full and measures where the relevance lies. */
  readonly focus?: boolean;
}
