import type { ImageModality } from "../../policy/modalities.js";
import { loadPolicy, type Policy } from "../../policy/policy.js";
import type { Task } from "../../sim/tasks/task.js";
import { loadTask } from "../../sim/tasks/tasks.js";
import type { Progress } from "../progress.js";
import { reproduceAnywhere, workOfAnywhere } from "./anywhere.js";
import type { AnywhereFindings, TaskFindings } from "./findings.js";
import { type MemberFindings, reproduceMember, trainedEpisodes, workOfMember } from "./policy-set.js";
import { reproduceTask, workOf } from "./reproduce.js";
import type { SetName } from "./sets.js";
import type { Workload } from "./workload.js";

/** A policy to run and measure: the shipped one of a task, one of a set, or one that was trained with goals anywhere. */
export type Item =
  | { readonly kind: "task" | "anywhere"; readonly task: string; readonly path: string }
  | {
      readonly kind: "member";
      readonly set: SetName;
      readonly task: string;
      readonly path: string;
      readonly seed: number;
    };

/** Findings about an item, which can be passed between threads. */
export type Found =
  | { readonly kind: "task"; readonly findings: TaskFindings }
  | { readonly kind: "member"; readonly set: SetName; readonly findings: MemberFindings }
  | { readonly kind: "anywhere"; readonly findings: AnywhereFindings };

/** Runs and measures an item. The caller has checked that its policy fits the task. */
export async function reproduceItem(item: Item, workload: Workload, progress: Progress): Promise<Found> {
  const { kind, task, path } = item;
  const policy = await loadPolicy(path);
  const open = () => loadTask(task, { ...cameraOf(policy), ...episodesOf(item, policy) });
  switch (kind) {
    case "task":
      return { kind, findings: await reproduceTask({ name: task, policy, open }, workload, progress) };
    case "member":
      return { kind, set: item.set, findings: await reproduceMember({ ...item, policy, open }, workload, progress) };
    case "anywhere":
      return { kind, findings: await reproduceAnywhere({ task, policy, open }, workload, progress) };
  }
}

/** The kind of the episodes that an item's policy runs in: those of its training for one of a set, else the task's own. */
export const episodesOf = ({ kind }: Item, policy: Policy) => (kind === "member" ? trainedEpisodes(policy) : {});

/** Number of control steps and explanations that an item takes. */
export const workOfItem = ({ kind }: Item, task: Task, workload: Workload): number =>
  ({ task: workOf, member: workOfMember, anywhere: workOfAnywhere })[kind](task, workload);

function cameraOf({ modalities }: Policy): { readonly width: number; readonly height: number } {
  const { width, height } = modalities.find((m): m is ImageModality => m.kind === "image")!;
  return { width, height };
}
