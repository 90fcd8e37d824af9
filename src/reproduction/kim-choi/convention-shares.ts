import { own } from "../../own.js";
import { CONVENTIONS } from "../../policy/conventions.js";
import type { MeanOverTicks } from "./course.js";
import { measuredBy, type TaskFindings } from "./findings.js";
import { METHODS, NEAR, PAPER_TASKS } from "./paper.js";
import { ofGroup } from "./share-rows.js";

/** Shares along trajectories by a method under a convention. */
export interface ConventionShares {
  readonly convention: string;
  readonly method: string;
  readonly image: MeanOverTicks;
  readonly position: MeanOverTicks;
  readonly velocity: MeanOverTicks;
  /** True where the image's share is within ten points of the paper's; undefined if the paper has none. */
  readonly isNear: boolean | undefined;
}

/** Shares by every method under every convention. */
export function sharesByConvention({ task, measured }: TaskFindings): ConventionShares[] {
  const paper = own(PAPER_TASKS, task)?.image;
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
