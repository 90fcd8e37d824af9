import { z } from "zod";
import type { Policy } from "../../policy/policy.js";
import type { Lesson } from "../../sim/tasks/lesson.js";
import type { EpisodeKind } from "../../sim/tasks/task.js";

const KIND = z.object({
  targets: z.union([z.enum(["four", "random"]), z.number().int().positive()]).optional(),
  starts: z.enum(["usual", "near"]).optional(),
});
const RECORD = z.object({ recipe: z.object({ episodes: KIND }) });

/** The episodes that a policy was taught in, by its card's record; else those of its task's usual lesson. */
export function episodesOf({ card }: Pick<Policy, "card">, { recipes }: Lesson): EpisodeKind {
  const { data } = RECORD.safeParse(card.training);
  const { targets, starts } = data?.recipe.episodes ?? recipes.imitation?.episodes ?? {};
  return { ...(targets !== undefined && { targets }), ...(starts !== undefined && { starts }) };
}
