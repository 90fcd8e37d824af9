import * as z from "zod";
import { curvesBeside } from "../curves-file.js";

/** Performance of a student in the episodes of its distillation, a point a round. */
export type DistillationCurve = readonly { readonly episodes: number; readonly successes: number }[];

/** `curves.json` of the run folder of `torquelens distil`. */
const CURVES = z.record(
  z.string(),
  z.object({
    iterations: z.array(
      z.object({
        phase: z.string(),
        actor: z.string(),
        episodes: z.number().int().nonnegative(),
        successes: z.number().int().nonnegative(),
      }),
    ),
  }),
);

/** @returns undefined where there is no such file. @throws InputError for one that is no curves of a distillation */
export async function distillationCurve(student: string): Promise<DistillationCurve | undefined> {
  const curves = await curvesBeside(student, CURVES, "distil");
  if (!curves) return undefined;
  return Object.values(curves).flatMap(({ iterations }) =>
    iterations
      .filter(({ actor, episodes }) => actor !== "teacher" && episodes > 0)
      .map(({ episodes, successes }) => ({ episodes, successes })),
  );
}
