import * as z from "zod";
import { curvesBeside } from "../curves-file.js";

/** Success in the episodes of a training. */
export interface LearningCurve {
  readonly axis: "round" | "environment steps";
  readonly points: readonly { readonly at: number; readonly success: number }[];
}

/** `curves.json` of a run folder: rounds of an arm's training, or points of a training by reward. */
const CURVES = z.object({
  policy: z.object({
    iterations: z
      .array(z.object({ actor: z.string(), episodes: z.number().positive(), successes: z.number().nonnegative() }))
      .optional(),
    points: z.array(z.object({ steps: z.number(), success: z.number().nullish() })).optional(),
  }),
});

/**
 * The learning curve of a policy's training from the file beside it, NAME.curves.json: a copy of `curves.json` of its run
 * folder.
 * @returns undefined where there is no such file. @throws InputError for one that is no curves of a training
 */
export async function learningCurve(policy: string): Promise<LearningCurve | undefined> {
  const curves = await curvesBeside(policy, CURVES, "train");
  if (!curves) return undefined;
  const { iterations, points } = curves.policy;
  if (iterations) {
    const own = iterations.flatMap(({ actor, successes, episodes }, round) =>
      actor === "policy" ? [{ at: round, success: successes / episodes }] : [],
    );
    return { axis: "round", points: own };
  }
  const known = (points ?? []).flatMap(({ steps, success }) =>
    typeof success === "number" ? [{ at: steps, success }] : [],
  );
  return { axis: "environment steps", points: known };
}
