import { InputError } from "../../errors.js";
import { areActions, areTorques, doingOf } from "../../outputs/kinds.js";
import { own } from "../../own.js";
import type { ImageModality } from "../../policy/modalities.js";
import type { Policy } from "../../policy/policy.js";
import type { Simulated } from "../../sim/simulated.js";
import { SimulatedWorld } from "../../sim/simulated-world.js";
import type { EpisodeKind, Task } from "../../sim/tasks/task.js";
import { loadTask, taskNames } from "../../sim/tasks/tasks.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import { worldNamed, worldNames } from "../../sim/worlds/worlds.js";

/** Largest difference of two equal control periods, seconds: cards round. */
const PERIOD_TOLERANCE = 1e-6;

type Loader = (policy: Policy, name: string, kind: EpisodeKind) => Promise<Simulated>;

/** How each task and world is loaded. */
const LOADERS: Readonly<Record<string, Loader>> = Object.fromEntries([
  ...taskNames.map((name) => [name, taskFor]),
  ...worldNames.map((name) => [name, worldFor]),
]);

/** Loads a task or a world for a policy. @throws InputError for an unknown one, or where the policy does not fit it */
export async function simulatedFor(policy: Policy, name: string, kind: EpisodeKind): Promise<Simulated> {
  const load = own(LOADERS, name);
  if (!load) throw new InputError(`no task or world named "${name}"; expected ${Object.keys(LOADERS).join(", ")}`);
  return load(policy, name, kind);
}

/** Loads a world. @throws InputError where the policy does not fit it, or for goals or starts, which worlds do not have */
async function worldFor(policy: Policy, name: string, { targets, starts }: EpisodeKind): Promise<Simulated> {
  if ((targets ?? "four") !== "four") throw new InputError(`--targets: is for arms, and ${name} has none`);
  if ((starts ?? "usual") !== "usual") throw new InputError(`--starts: is for arms, and ${name} has none`);
  const entry = worldNamed(name);
  const problem = worldMisfit(policy, entry.facts);
  if (problem !== undefined) throw new InputError(`${policy.path}: ${problem}`);
  return SimulatedWorld.load(entry);
}

function worldMisfit({ card, modalities, outputs, mask }: Policy, facts: WorldFacts): string | undefined {
  const { name, picture, actions, controlPeriod } = facts;
  const cells = actions.kind === "discrete" ? actions.mask : undefined;
  if (mask && !cells) return `the policy says by the mask ${mask.tensor} where to act; world ${name} takes none`;
  if (mask && cells && (mask.width !== cells.width || mask.height !== cells.height))
    return `the mask ${mask.tensor} is ${mask.width}×${mask.height}; world ${name} takes ${cells.width}×${cells.height}`;
  // What a world tells beside its picture (`SimulatedWorld.observe`), and how many numbers that is.
  const told: Readonly<Record<string, number>> = { previous_action: actions.names.length, previous_reward: 1 };
  for (const modality of modalities) {
    const isImage = modality.kind === "image";
    if (isImage ? modality.name === "image" : modality.isCarried || modality.isTold) continue;
    const size = isImage ? undefined : own(told, modality.name);
    if (size === undefined)
      return `world ${name} has no modality "${modality.name}"; it has image, ${Object.keys(told).join(", ")}`;
    if (modality.size !== size) return `${modality.name} is ${modality.size} elements; world ${name} has ${size}`;
  }
  const images = modalities.filter((modality): modality is ImageModality => modality.kind === "image");
  for (const { width, height } of images) {
    if (width !== picture.width || height !== picture.height)
      return `the image is ${width}×${height}; that of world ${name} is ${picture.width}×${picture.height}`;
  }
  const names = outputs.map((output) => output.name);
  const isFit = sameList(names, actions.names) && areActions(outputs) === (actions.kind === "discrete");
  const what = actions.kind === "discrete" ? "one of the actions" : "the numbers";
  if (!isFit) return `the policy commands ${names.join(", ")}; world ${name} takes ${what} ${actions.names.join(", ")}`;
  if (Math.abs(card.control_period - controlPeriod) > PERIOD_TOLERANCE)
    return `the control period is ${card.control_period} s; that of world ${name} is ${controlPeriod} s`;
  return undefined;
}

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
    if (modality.kind === "values" && modality.isTold) continue;
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
