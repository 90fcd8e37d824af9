import type { Policy } from "../../policy/policy.js";
import type { Task } from "../../sim/tasks/task.js";
import type { Progress } from "../progress.js";
import { explaining } from "./explaining.js";
import { type AnywhereFindings, DEFAULT_CONVENTION, type Measured } from "./findings.js";
import { METHODS } from "./paper.js";
import { changedEpisodes, changeWindows, explained } from "./reproduce.js";
import { verdictsOf } from "./verdicts.js";
import type { Workload } from "./workload.js";

/** A task with a policy that was trained with goals anywhere. */
export interface AnywherePolicy {
  readonly task: string;
  readonly policy: Policy;
  /** Loads the task with its usual episodes; the caller frees it. */
  open(): Promise<Task>;
}

/** Runs a policy that was trained with goals anywhere where the target moves (Kim & Choi Fig. 6). */
export async function reproduceAnywhere(
  { task, policy, open }: AnywherePolicy,
  workload: Workload,
  progress: Progress,
): Promise<AnywhereFindings> {
  const opened = await open();
  const { controlPeriod: period, ticks } = opened;
  const { episodes, successes } = await changedEpisodes(policy, opened, workload, progress);
  const windows = changeWindows(ticks);
  const measured: Measured[] = [];
  for (const method of METHODS) {
    const courses = await explaining(policy, method, (explainer) =>
      explainer.courses(episodes, { level: "shares", ...progress }),
    );
    measured.push({ method, convention: DEFAULT_CONVENTION, courses, verdicts: verdictsOf(courses, windows) });
  }
  return {
    task,
    set: "goals anywhere",
    sha256: policy.sha256,
    modalities: policy.modalities.map(({ name }) => name),
    period,
    ticks,
    episodes: episodes.length,
    change: { windows, measured, successes },
  };
}

/** Number of control steps and explanations that `reproduceAnywhere` makes. */
export function workOfAnywhere({ conditions, ticks }: Task, { perCondition }: Workload): number {
  const episodes = perCondition * conditions.length;
  return (1 + METHODS.length) * explained(episodes, ticks, 1);
}
