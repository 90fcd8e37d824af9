import { z } from "zod";
import type { Estimate } from "../../analysis/bootstrap.js";
import { mean } from "../../numbers/mean.js";
import type { Policy } from "../../policy/policy.js";
import type { Task } from "../../sim/tasks/task.js";
import type { Progress } from "../progress.js";
import { COURSE_CLAIMS } from "./claims.js";
import { type Course, meanWithin } from "./course.js";
import { record } from "./episodes.js";
import { explaining } from "./explaining.js";
import { METHODS } from "./paper.js";
import { verdicts } from "./verdicts.js";

/** Parts of an episode over which shares are averaged. */
const PARTS = 10;
/** The statements that the number of goals should decide. */
const CLAIMS = ["image_starts_high", "image_falls", "position_rises"] as const;

const shares = z.array(z.number().nullable()).length(PARTS);
const verdict = z.strictObject({
  mean: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  holds: z.boolean(),
});
const ROW = z.strictObject({
  /** Goals that the policy was trained for: four, random, or so many. */
  goals: z.union([z.literal(["four", "random"]), z.number()]),
  seed: z.number(),
  episodes: z.number(),
  successes: z.number(),
  method: z.string(),
  /** Mean share in each tenth of the episodes; null where no tick counts. */
  image: shares,
  position: shares,
  velocity: shares,
  claims: z.record(z.enum(CLAIMS), verdict),
});

/** Results of the experiment: what the number of goals of a training does to the image's share. */
export const GOALS_FILE = z.strictObject({ command: z.string(), rows: z.array(ROW) });
export type GoalsRow = z.infer<typeof ROW>;

const rounded = (value: number): number | null => (Number.isNaN(value) ? null : Number(value.toFixed(4)));
const columns = ({ mean, interval }: Estimate) => ({
  mean: rounded(mean),
  low: interval ? rounded(interval[0]) : null,
  high: interval ? rounded(interval[1]) : null,
});

/** Shares of a policy along episodes with the goals that it was trained for, a row a method. Frees the task. */
export async function goalRows(
  policy: Policy,
  task: Task,
  { goals, seed, episodes }: Pick<GoalsRow, "goals" | "seed" | "episodes">,
  progress: Progress = {},
): Promise<GoalsRow[]> {
  const { successes, episodes: recorded } = await record(policy, task, { seed: 0, episodes, ...progress });
  const rows: GoalsRow[] = [];
  for (const method of METHODS) {
    const courses = await explaining(policy, method, (explainer) =>
      explainer.courses(recorded, { level: "shares", ...progress }),
    );
    const found = verdicts(
      COURSE_CLAIMS.filter(({ id }) => (CLAIMS as readonly string[]).includes(id)),
      courses,
    );
    const claims = Object.fromEntries(
      found.map(({ claim, estimate, holds }) => [claim.id, { ...columns(estimate), holds }]),
    ) as GoalsRow["claims"];
    const [image, position, velocity] = (["image", "position", "velocity"] as const).map((group) =>
      overParts(courses, group),
    ) as [GoalsRow["image"], GoalsRow["image"], GoalsRow["image"]];
    rows.push({ goals, seed, episodes, successes, method, image, position, velocity, claims });
  }
  return rows;
}

/** Mean over episodes of a group's share in each part of them. */
const overParts = (courses: readonly Course[], group: "image" | "position" | "velocity") =>
  Array.from({ length: PARTS }, (_, part) => {
    const each = courses.map(({ ratios, ticks }) =>
      meanWithin(ratios[group], Math.round((part * ticks) / PARTS), Math.round(((part + 1) * ticks) / PARTS)),
    );
    return rounded(mean(each.filter((share) => !Number.isNaN(share))));
  });
