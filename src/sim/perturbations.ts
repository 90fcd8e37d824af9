import * as z from "zod";
import { InputError } from "../errors.js";
import { readText } from "../files/reading.js";
import { parseYaml } from "../yaml/parse.js";
import { faultNames, faultProblem } from "./faults/faults.js";
import type { Simulated } from "./simulated.js";

const wholeNumber = z.int("a whole number, 0 or more").nonnegative("a whole number, 0 or more");
const number = z.number("a finite number");
const factor = z.number("a number, 0 to 10").min(0, "a number, 0 to 10").max(10, "a number, 0 to 10");

const KEYS = "tick, episode, target, wrench, torque_noise, occlude, light or fault";
const WRENCH = "null, or a force in N and a torque in N·m: six numbers";
const OCCLUDE = "null, or x, y, width, height in pixels: four whole numbers";

const LIVE_KEYS = "target, wrench, torque_noise, occlude, light or fault";

const name = z.enum(faultNames, `one of ${faultNames.join(", ")}`);
const FAULT = `null, ${faultNames.join(", ")}, or a mapping with the keys name, amount and joint`;

const changes = {
  /** New goal, metres. */
  target: z.array(number, "a list of numbers").optional(),
  /** Force (N) and torque (N·m) on the tip's link, world axes; null ends it. */
  wrench: z.tuple([number, number, number, number, number, number], WRENCH).nullable().optional(),
  /** Standard deviation of noise on the torques, as a part of each joint's limit. */
  torque_noise: factor.optional(),
  /** Black rectangle in the image: x, y, width, height, pixels; null ends it. */
  occlude: z.tuple([wholeNumber, wholeNumber, wholeNumber, wholeNumber], OCCLUDE).nullable().optional(),
  /** Factor on the brightness of the image. */
  light: factor.optional(),
  /** What is wrong with the input from now on (`FAULTS`), by name or with its size and joint; null ends all. */
  fault: z
    .union([name, z.strictObject({ name, amount: number.optional(), joint: z.string().optional() })], FAULT)
    .transform((fault) => (typeof fault === "string" ? { name: fault } : fault))
    .nullable()
    .optional(),
};

const schema = z.array(
  z.strictObject(
    {
      /** First control step, from 0; the change holds to the end of the episode. */
      tick: wholeNumber,
      /** The episode that it applies to, default every one. */
      episode: wholeNumber.optional(),
      ...changes,
    },
    KEYS,
  ),
  "a list of {tick, target, …}",
);
const liveSchema = z.strictObject(changes, LIVE_KEYS);

/** Largest element of a wrench that a client may give, N and N·m. */
const MOST = 1000;

const CHANGES = ["target", "wrench", "torque_noise", "occlude", "light", "fault"];

export type Perturbable = Pick<
  Simulated,
  "ticks" | "goalProblem" | "width" | "height" | "joints" | "isTelling" | "actions"
>;

/** Changes of a goal or an arm. */
const OF_ARMS = ["target", "wrench", "torque_noise"] as const;

/** One change during an episode. */
export type Perturbation = z.infer<typeof schema>[number];

/**
 * Reads a perturbation file: a YAML or JSON list of `{tick, episode?, target?, wrench?, torque_noise?, occlude?, light?, fault?}`.
 * Throws InputError that names file, entry and key where it does not fit the task.
 */
export async function readPerturbations(path: string, task: Perturbable): Promise<Perturbation[]> {
  return parsePerturbations(await readText(path, "the perturbation file"), path, task);
}

/** As `readPerturbations`, from text; `source` names it in messages. */
export function parsePerturbations(text: string, source: string, task: Perturbable): Perturbation[] {
  const entries = parseYaml(text, source, schema);
  entries.forEach((entry, index) => {
    const problem = misfit(entry, task);
    if (problem !== undefined) throw new InputError(`${source}: [${index}].${problem}`);
  });
  return entries;
}

/**
 * Reads one change for a running simulation: an entry of a perturbation file without `tick` and `episode`, as YAML or JSON.
 * @param at the tick that it is for
 * @throws InputError that names the key where it does not fit the task
 */
export function parseLive(
  text: string,
  task: Perturbable,
  at: { readonly episode: number; readonly tick: number },
): Perturbation {
  const change = parseYaml(text, "perturbation", liveSchema);
  const entry = { episode: at.episode, tick: at.tick, ...change };
  const { wrench } = entry;
  if (wrench?.some((value) => Math.abs(value) > MOST))
    throw new InputError(`perturbation: wrench: [${wrench.join(", ")}]: expected at most ${MOST} N and N·m`);
  const problem = misfit(entry, task);
  if (problem !== undefined) throw new InputError(`perturbation: ${problem}`);
  return entry;
}

function misfit(entry: Perturbation, task: Perturbable): string | undefined {
  const { tick, episode: _, target, occlude, fault, ...rest } = entry;
  if (tick >= task.ticks) return `tick: ${tick}: expected 0 to ${task.ticks - 1}, the ticks of an episode`;
  if (!task.goalProblem) {
    const ofArms = OF_ARMS.find((key) => entry[key] !== undefined);
    if (ofArms) return `${ofArms}: expected occlude, light or fault: only arms have the rest`;
  }
  const goal = target === undefined ? undefined : task.goalProblem?.(target);
  if (goal !== undefined) return `target: [${target!.join(", ")}]: ${goal}`;
  if (occlude) {
    const [x, y, width, height] = occlude;
    if (x + width > task.width || y + height > task.height) {
      return `occlude: [${occlude.join(", ")}]: expected x, y, width, height inside the ${task.width}×${task.height} image`;
    }
  }
  const wrong = fault ? faultProblem(fault, task) : undefined;
  if (wrong !== undefined) return `fault: ${wrong}`;
  const nothing = Object.values({ target, occlude, fault, ...rest }).every((value) => value === undefined);
  return nothing ? `tick: nothing to change; expected one of ${CHANGES.join(", ")}` : undefined;
}
