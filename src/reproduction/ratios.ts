import { CONVENTIONS } from "../policy/conventions.js";
import type { MeanOverTicks } from "./course.js";
import { ofGroup } from "./figures.js";
import { measuredBy, type TaskFindings } from "./findings.js";
import { METHODS, NEAR, PAPER_TASKS } from "./paper.js";

/** The image's part of image : configuration by a method under a convention, beside the paper's. */
export interface Ratio {
  readonly convention: string;
  readonly method: string;
  readonly image: MeanOverTicks;
  readonly position: MeanOverTicks;
  readonly velocity: MeanOverTicks;
  /** Whether the image's share is within ten points of the paper's; undefined where the paper has none. */
  readonly isNear: boolean | undefined;
}

/** Every convention by every method. */
export function ratiosOf({ task, measured }: TaskFindings): Ratio[] {
  const paper = PAPER_TASKS[task]?.image;
  return CONVENTIONS.flatMap((convention) =>
    METHODS.map((method) => {
      const { courses } = measuredBy(measured, method, convention.name);
      const [image, position, velocity] = (["image", "position", "velocity"] as const).map((group) =>
        ofGroup(courses, group),
      ) as [MeanOverTicks, MeanOverTicks, MeanOverTicks];
      const isNear = paper === undefined ? undefined : Math.abs(image.mean - paper) <= NEAR;
      return { convention: convention.name, method, image, position, velocity, isNear };
    }),
  );
}
