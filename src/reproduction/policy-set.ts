import * as z from "zod";
import type { Policy } from "../policy/policy.js";
import type { EpisodeKind, Task } from "../sim/tasks/task.js";
import type { Course } from "./course.js";
import { type DistractorFindings, distractorFindings, workOfDistractors } from "./distractors.js";
import { DEFAULT_CONVENTION, type SetFindings, type SetMeasured } from "./findings.js";
import { type Measurement, measure } from "./measurement.js";
import { METHODS } from "./paper.js";
import type { Progress } from "./progress.js";
import { PARTS, type Part } from "./relevance-mass.js";
import { changeWindows, drawn, explained, recordBoth } from "./reproduce.js";
import { verdictsOf } from "./verdicts.js";
import { distractorWorkload, type Workload } from "./workload.js";

/** Policies for one task that were trained alike with different seeds. */
export interface PolicySet {
  readonly task: string;
  readonly policies: readonly { readonly seed: number; readonly policy: Policy }[];
  /** Loads the task with episodes as in the training; the caller frees it. */
  open(): Promise<Task>;
}

/** What the set's policies have in common, in words. */
const AS_TRAINED = "as the paper trained";

const RECORD = z.object({
  recipe: z.object({
    episodes: z.object({
      targets: z.union([z.literal(["four", "random"]), z.number()]).optional(),
      starts: z.literal(["usual", "near"]).optional(),
    }),
  }),
});

/** The kind of the episodes that a policy was trained in, by its card's record; the task's own where that says nothing. */
export function trainedEpisodes({ card }: Policy): EpisodeKind {
  const { targets, starts } = RECORD.safeParse(card.training).data?.recipe.episodes ?? {};
  return { ...(targets !== undefined && { targets }), ...(starts && { starts }) };
}

/** Runs the policies of a set and measures what the paper reports. */
export async function reproduceSet(set: PolicySet, workload: Workload, progress: Progress): Promise<SetFindings> {
  const runs: {
    both: Awaited<ReturnType<typeof recordBoth>>;
    by: ReadonlyMap<string, Measurement>;
    distractors: DistractorFindings[];
  }[] = [];
  for (const { policy } of set.policies) {
    const both = await recordBoth(policy, set.open, { ...workload, perCondition: workload.setPerCondition }, progress);
    const by = new Map<string, Measurement>();
    for (const method of METHODS)
      by.set(method, await measure(policy, method, both.recorded, workload.setStride, progress));
    const distractors = await distractorFindings(policy, set.open, distractorWorkload(workload), progress);
    runs.push({ both, by, distractors });
  }
  const { conditions, period, ticks } = runs[0]!.both;
  const all = (method: string, courses: (measurement: Measurement) => readonly Course[]) =>
    runs.flatMap(({ by }) => courses(by.get(method)!));
  const measured = METHODS.map((method): SetMeasured => {
    const courses = all(method, (found) => found.courses);
    const each = runs.map(({ by }) => by.get(method)!.verdicts);
    return { method, convention: DEFAULT_CONVENTION, courses, verdicts: verdictsOf(courses), each };
  });
  const windows = changeWindows(ticks);
  const changed = METHODS.map((method): SetMeasured => {
    const courses = all(method, (found) => found.changed);
    const each = runs.map(({ by }) => by.get(method)!.changeVerdicts);
    return { method, convention: DEFAULT_CONVENTION, courses, verdicts: verdictsOf(courses, windows), each };
  });
  const first = set.policies[0]!.policy;
  const sum = (of: (run: (typeof runs)[number]) => number) => runs.reduce((total, run) => total + of(run), 0);
  return {
    task: set.task,
    set: AS_TRAINED,
    modalities: first.modalities.map(({ name }) => name),
    conditions,
    period,
    ticks,
    policies: set.policies.map(({ seed, policy }, p) => ({
      seed,
      sha256: policy.sha256,
      successes: runs[p]!.both.usual.successes,
      changedSuccesses: runs[p]!.both.changed.successes,
    })),
    episodesEach: runs[0]!.both.usual.episodes.length,
    episodes: sum(({ both }) => both.usual.episodes.length),
    successes: sum(({ both }) => both.usual.successes),
    measured,
    change: { windows, measured: changed, successes: sum(({ both }) => both.changed.successes) },
    distractors: runs.map(({ distractors }) => distractors),
    mass: METHODS.map((method) => ({
      method,
      relevance: Object.fromEntries(
        PARTS.map((part) => [part, sum(({ by }) => by.get(method)!.mass.relevance[part]) / runs.length]),
      ) as Record<Part, number>,
    })),
    pictures: await drawn(first, runs[0]!.both.usual.episodes),
  };
}

/** Number of control steps and explanations that `reproduceSet` makes. */
export function workOfSet({ conditions, ticks }: Task, policies: number, workload: Workload): number {
  const episodes = workload.setPerCondition * conditions.length;
  const shares = 2 * episodes * ticks + 2 * METHODS.length * explained(episodes, ticks, workload.setStride);
  return policies * (shares + workOfDistractors({ conditions, ticks }, distractorWorkload(workload)));
}
