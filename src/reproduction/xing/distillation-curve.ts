import { existsSync } from "node:fs";
import * as z from "zod";
import { InputError } from "../../errors.js";
import { readText } from "../../files/reading.js";

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

/** The file of a student's curves, beside it: a copy of `curves.json` of its run folder. */
const curvesFile = (student: string): string => student.replace(/\.onnx$/, ".curves.json");

/** @returns undefined where there is no such file. @throws InputError for one that is no curves of a distillation */
export async function distillationCurve(student: string): Promise<DistillationCurve | undefined> {
  const path = curvesFile(student);
  if (!existsSync(path)) return undefined;
  const text = await readText(path, "the curves of the distillation");
  const wrong = new InputError(`${path}: expected the curves.json that torquelens distil writes`);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw wrong;
  }
  const curves = CURVES.safeParse(data);
  if (!curves.success) throw wrong;
  return Object.values(curves.data).flatMap(({ iterations }) =>
    iterations
      .filter(({ actor, episodes }) => actor !== "teacher" && episodes > 0)
      .map(({ episodes, successes }) => ({ episodes, successes })),
  );
}
