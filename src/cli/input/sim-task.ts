import { InputError } from "../../errors.js";
import { areTorques, doingOf } from "../../outputs/kinds.js";
import type { ImageModality } from "../../policy/modalities.js";
import type { Policy } from "../../policy/policy.js";
import type { EpisodeKind, Task } from "../../sim/tasks/task.js";
import { loadTask } from "../../sim/tasks/tasks.js";

/** Largest difference of two equal control periods, seconds: cards round. */
const PERIOD_TOLERANCE = 1e-6;

/**
 * Loads a task with the camera that a policy expects.
 * @throws InputError if the policy does not fit the task: number of cameras, modalities, sizes, joints and their order,
 * control period
 */
export async function taskFor(policy: Policy, name: string, kind: EpisodeKind = {}): Promise<Task> {
  const cameras = policy.modalities.filter((m): m is ImageModality => m.kind === "image");
  if (cameras.length !== 1)
    throw new InputError(`${policy.path}: the simulation has one camera, the policy sees ${cameras.length} images`);
  const { width, height } = cameras[0]!;
  const task = await loadTask(name, { width, height, ...kind });
  const problem = misfit(policy, task);
  if (problem === undefined) return task;
  task.delete();
  throw new InputError(`${policy.path}: ${problem}`);
}

function misfit({ card, modalities, outputs }: Policy, task: Task): string | undefined {
  const has = `task ${task.name} has`;
  const other = outputs.find((output) => !areTorques([output]));
  if (other)
    return `the policy ${doingOf([other])} (${other.name}); the simulated arms take torques alone: replay explains recordings of other robots`;
  const commanded = outputs.map(({ name }) => name);
  if (!sameList(commanded, task.joints))
    return `the policy commands ${commanded.join(", ")}; ${has} the joints ${task.joints.join(", ")}, in this order`;
  for (const modality of modalities) {
    const size =
      modality.name === "image" ? modality.size : task.modalities.find((m) => m.name === modality.name)?.size;
    if (size === undefined)
      return `${has} no modality "${modality.name}"; it has image, ${task.modalities.map((m) => m.name).join(", ")}`;
    if (size !== modality.size) return `${modality.name} is ${modality.size} elements; ${has} ${size}`;
    if (modality.kind === "image") continue;
    const ofJoints = modality.elements.some((element) => task.joints.includes(element));
    if (ofJoints && !sameList(modality.elements, task.joints))
      return `${modality.name} is of ${modality.elements.join(", ")}; ${has} ${task.joints.join(", ")}, in this order`;
  }
  if (Math.abs(card.control_period - task.controlPeriod) > PERIOD_TOLERANCE)
    return `the control period is ${card.control_period} s; ${has} ${task.controlPeriod} s`;
  return undefined;
}

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);
