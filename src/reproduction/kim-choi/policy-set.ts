import * as z from "zod";
import type { Policy } from "../../policy/policy.js";
import type { EpisodeKind, Task } from "../../sim/tasks/task.js";
import type { Progress } from "../progress.js";
import type { Course } from "./course.js";
import { type DistractorFindings, distractorFindings, workOfDistractors } from "./distractors.js";
import { explaining } from "./explaining.js";
import { DEFAULT_CONVENTION, type SetFindings, type SetMeasured } from "./findings.js";
import { type Measurement, measure } from "./measurement.js";
import { METHODS } from "./paper.js";
import type { Pictured } from "./picture.js";
import { PARTS, type Part } from "./relevance-mass.js";
import { changeWindows, drawn, explained, recordBoth } from "./reproduce.js";
import { SETS, type SetName } from "./sets.js";
import { verdictsOf } from "./verdicts.js";
import { distractorWorkload, type Workload } from "./workload.js";

/** One of the policies for a task that were trained alike with different seeds. */
export interface Member {
  readonly task: string;
  readonly seed: number;
  readonly policy: Policy;
  /** Loads the task with episodes as in the training; the caller frees it. */
  open(): Promise<Task>;
}

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

/** Findings about one policy of a set. */
export interface MemberFindings {
  readonly task: string;
  readonly seed: number;
  readonly sha256: string;
  readonly modalities: readonly string[];
  readonly conditions: readonly string[];
  readonly period: number;
  readonly ticks: number;
  readonly episodes: number;
  readonly successes: number;
  readonly changedSuccesses: number;
  /** By method. */
  readonly by: ReadonlyMap<string, Measurement>;
  readonly distractors: readonly DistractorFindings[];
  readonly pictures: readonly Pictured[];
}

/** Runs one policy of a set, and measures what the paper reports. */
export async function reproduceMember(
  { task, seed, policy, open }: Member,
  workload: Workload,
  progress: Progress,
): Promise<MemberFindings> {
  const { setPerCondition, setStride } = workload;
  const kept = { perCondition: setPerCondition, sightStride: setStride };
  const both = await recordBoth(policy, open, { ...workload, ...kept }, progress);
  const { conditions, period, ticks, usual, changed, recorded } = both;
  const strides = { stride: setStride, mapStride: setStride };
  const by = new Map<string, Measurement>();
  for (const method of METHODS)
    by.set(method, await explaining(policy, method, (explainer) => measure(explainer, recorded, strides, progress)));
  return {
    task,
    seed,
    sha256: policy.sha256,
    modalities: policy.modalities.map(({ name }) => name),
    conditions,
    period,
    ticks,
    episodes: usual.episodes.length,
    successes: usual.successes,
    changedSuccesses: changed.successes,
    by,
    distractors: await distractorFindings(policy, open, distractorWorkload(workload), progress),
    pictures: await drawn(policy, usual.episodes),
  };
}

/** Findings about a set, from those about its policies. */
export function setFindings(name: SetName, runs: readonly [MemberFindings, ...MemberFindings[]]): SetFindings {
  const [{ task, modalities, conditions, period, ticks, episodes, pictures }] = runs;
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
  const sum = (of: (run: (typeof runs)[number]) => number) => runs.reduce((total, run) => total + of(run), 0);
  return {
    task,
    name,
    set: SETS[name].words,
    modalities,
    conditions,
    period,
    ticks,
    policies: runs.map(({ seed, sha256, successes, changedSuccesses }) => ({
      seed,
      sha256,
      successes,
      changedSuccesses,
    })),
    episodesEach: episodes,
    episodes: sum((run) => run.episodes),
    successes: sum(({ successes }) => successes),
    measured,
    change: { windows, measured: changed, successes: sum(({ changedSuccesses }) => changedSuccesses) },
    distractors: runs.map(({ distractors }) => distractors),
    mass: METHODS.map((method) => ({
      method,
      relevance: Object.fromEntries(
        PARTS.map((part) => [part, sum(({ by }) => by.get(method)!.mass.relevance[part]) / runs.length]),
      ) as Record<Part, number>,
    })),
    pictures,
  };
}

/** Number of control steps and explanations that `reproduceMember` makes. */
export function workOfMember({ conditions, ticks }: Task, workload: Workload): number {
  const episodes = workload.setPerCondition * conditions.length;
  const shares = 2 * episodes * ticks + 2 * METHODS.length * explained(episodes, ticks, workload.setStride);
  return shares + workOfDistractors({ conditions, ticks }, distractorWorkload(workload));
}
