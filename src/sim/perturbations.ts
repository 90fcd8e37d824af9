import { z } from "zod";
import { InputError } from "../errors.js";
import { readText } from "../files/reading.js";
import { yamlData } from "../yaml/parse.js";
import type { TaskCamera, TaskEpisode } from "./tasks/task.js";

const wholeNumber = z.number().int().nonnegative();

const entrySchema = z.strictObject({
  /** First control step, from 0; the change holds to the end of the episode. */
  tick: wholeNumber,
  /** The episode that it applies to, default every one. */
  episode: wholeNumber.optional(),
  /** New goal, metres. */
  target: z.array(z.number()).optional(),
  /** Force (N) and torque (N·m) on the tip's link, world axes; null ends it. */
  wrench: z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()]).nullable().optional(),
  /** Standard deviation of noise on the torques, as a part of each joint's limit. */
  torque_noise: z.number().min(0).max(10).optional(),
  /** Black rectangle in the image: x, y, width, height, pixels; null ends it. */
  occlude: z.tuple([wholeNumber, wholeNumber, wholeNumber, wholeNumber]).nullable().optional(),
  /** Factor on the brightness of the image. */
  light: z.number().min(0).max(10).optional(),
});
const schema = z.array(entrySchema);
const liveSchema = entrySchema.omit({ tick: true, episode: true });

/** Largest element of a wrench that a client may give, N and N·m. */
const MOST = 1000;

const CHANGES = ["target", "wrench", "torque_noise", "occlude", "light"];

export type Perturbable = Pick<TaskEpisode, "ticks" | "goalProblem"> & Pick<TaskCamera, "width" | "height">;

/** One change during an episode. */
export type Perturbation = z.infer<typeof schema>[number];

/**
 * Reads a perturbation file: a YAML or JSON list of `{tick, episode?, target?, wrench?, torque_noise?, occlude?, light?}`.
 * Throws InputError that names file, entry and key where it does not fit the task.
 */
export async function readPerturbations(path: string, task: Perturbable): Promise<Perturbation[]> {
  return parsePerturbations(await readText(path, "the perturbation file"), path, task);
}

/** As `readPerturbations`, from text; `source` names it in messages. */
export function parsePerturbations(text: string, source: string, task: Perturbable): Perturbation[] {
  const result = schema.safeParse(yamlData(text, source));
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const where = issue.path.length > 0 ? `entry ${issue.path.join(".")}` : "the file";
    throw new InputError(`${source}: ${where}: ${issue.message} (expected a list of {tick, target, …})`);
  }
  result.data.forEach((entry, index) => {
    const problem = misfit(entry, task);
    if (problem !== undefined) throw new InputError(`${source}: entry ${index}.${problem}`);
  });
  return result.data;
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
  const result = liveSchema.safeParse(yamlData(text, "perturbation"));
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const where = issue.path.length > 0 ? `perturbation.${issue.path.join(".")}` : "perturbation";
    throw new InputError(
      `${where}: ${issue.message} (expected one of ${CHANGES.join(", ")}, without tick and episode)`,
    );
  }
  const entry = { episode: at.episode, tick: at.tick, ...result.data };
  const { wrench } = entry;
  if (wrench?.some((value) => Math.abs(value) > MOST))
    throw new InputError(`perturbation.wrench: [${wrench.join(", ")}]: expected at most ${MOST} N and N·m`);
  const problem = misfit(entry, task);
  if (problem !== undefined) throw new InputError(`perturbation.${problem}`);
  return entry;
}

function misfit({ tick, episode: _, target, occlude, ...rest }: Perturbation, task: Perturbable): string | undefined {
  if (tick >= task.ticks) return `tick: ${tick}: expected 0 to ${task.ticks - 1}, the ticks of an episode`;
  const goal = target === undefined ? undefined : task.goalProblem(target);
  if (goal !== undefined) return `target: [${target!.join(", ")}]: ${goal}`;
  if (occlude) {
    const [x, y, width, height] = occlude;
    if (x + width > task.width || y + height > task.height) {
      return `occlude: [${occlude.join(", ")}]: expected x, y, width, height inside the ${task.width}×${task.height} image`;
    }
  }
  const nothing = Object.values({ target, occlude, ...rest }).every((value) => value === undefined);
  return nothing ? `tick: nothing to change; expected one of ${CHANGES.join(", ")}` : undefined;
}
