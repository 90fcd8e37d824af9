import { attackNamed } from "../../attack/attacks.js";
import { AttackModel } from "../../attack/model.js";
import type { AttackName } from "../../attack/names.js";
import { InputError } from "../../errors.js";
import {
  type Decide,
  imageOf,
  type Played,
  type PlayOptions,
  playEpisodes,
  seesAlone,
} from "../../evaluation/world-play.js";
import { subjectOf } from "../../explain/subject.js";
import { chosenOf } from "../../outputs/choice.js";
import { areActions } from "../../outputs/kinds.js";
import type { Policy } from "../../policy/policy.js";
import type { TensorData } from "../../runtime/session.js";
import { random } from "../../sim/random.js";
import type { Progress } from "../progress.js";

/** Levels of a sample that strengths are counted in. */
const LEVELS = 255;
/** Stream of random numbers, apart from those of episodes. */
const STREAM = 37;

/**
 * Plays episodes in which every image is changed by an attack before the policy sees it.
 * @param level largest change of a pixel, in levels of 255
 */
export async function playAttacked(
  policy: Policy,
  world: string,
  { attack: name, level }: { readonly attack: AttackName; readonly level: number },
  options: PlayOptions,
  progress: Progress,
): Promise<Played[]> {
  if (!seesAlone(policy)) throw new InputError(`${policy.path}: attacked are policies that see pictures alone`);
  const choice = areActions(policy.outputs);
  const model = await AttackModel.create(subjectOf(policy), name === "mad" ? "distance" : choice ? "choice" : "output");
  const attack = attackNamed(name);
  const { range } = imageOf(policy);
  const epsilon = (level * (range[1] - range[0])) / LEVELS;
  const decide: Decide = async (seen: TensorData, episode: number) => {
    const image = Float32Array.from(seen.data as Float32Array);
    const before = await model.outputsAt({}, image);
    const weights = weightsOf(policy, name, before, options.seed, episode);
    const changed = await attack.run(model, { feeds: {}, image, before, weights, epsilon, seed: episode });
    return { values: await model.outputsAt({}, changed) };
  };
  try {
    return await playEpisodes(policy, world, options, decide, progress);
  } finally {
    await model.release();
  }
}

/** Weights of an attack's objective: the action that is taken; of numbers a direction that an episode keeps. */
function weightsOf(
  { outputs }: Policy,
  attack: AttackName,
  before: Float32Array,
  seed: number,
  episode: number,
): Float32Array {
  if (areActions(outputs)) {
    const taken = chosenOf(before);
    return before.map((_, action) => Number(action === taken));
  }
  const { uniform } = random(seed, episode, STREAM);
  return Float32Array.from(outputs, ({ limit = 1 }) => (attack === "mad" || uniform() < 0.5 ? 1 : -1) / limit);
}
