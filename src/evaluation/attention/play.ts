import { feedsOf } from "../../explain/feeds.js";
import { Memory } from "../../explain/memory.js";
import { probabilitiesOf } from "../../explain/probabilities.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import type { Tensors } from "../../runtime/models.js";
import { type Random, random } from "../../sim/random.js";
import type { Simulated } from "../../sim/simulated.js";
import { SimulatedSource } from "../../sim/source.js";
import type { EpisodeOutcome } from "../../sim/tally.js";
import type { AttentionMaps, ReplacedAttention } from "./replaced.js";

/** What stands in the place of a policy's attention: nothing else, or other maps (Jain and Wallace 2019). */
export const CHANGES = ["own", "permuted", "uniform", "swapped"] as const;
export type Change = (typeof CHANGES)[number];

export interface AttentionPlayOptions {
  readonly seed: number;
  readonly episodes: number;
  readonly change: Change;
  /** Attention of other ticks, for `swapped`: one of them is drawn at each tick. */
  readonly others?: readonly AttentionMaps[];
  readonly signal?: AbortSignal | undefined;
  /** Called with the policy's own attention at each tick. */
  readonly see?: ((maps: AttentionMaps) => void) | undefined;
  /** Called after each episode. */
  readonly done?: (() => void) | undefined;
}

/** A policy's episodes while its attention is replaced. */
export interface AttentionPlayed {
  readonly outcomes: readonly EpisodeOutcome[];
  /** Mean over the ticks of each episode of how far the command is from the one with its own attention. */
  readonly moved: readonly number[];
}

/**
 * Plays a policy's episodes at its task or in its world with other attention in the place of its own at every tick. Frees
 * the task.
 */
export async function playWith(
  policy: Policy,
  replaced: ReplacedAttention,
  task: Simulated,
  { seed, episodes, change, others = [], signal, see, done }: AttentionPlayOptions,
): Promise<AttentionPlayed> {
  const outcomes: EpisodeOutcome[] = [];
  const moved: number[] = [];
  let [sum, ticks] = [0, 0];
  const ended = (outcome: EpisodeOutcome): void => {
    outcomes.push(outcome);
    moved.push(sum / ticks);
    [sum, ticks] = [0, 0];
    done?.();
  };
  const source = new SimulatedSource({ task, seed, episodes, speed: 0, ended });
  const memory = new Memory(policy);
  const numbers = random(seed, 19);
  try {
    for await (const observation of source.observations()) {
      signal?.throwIfAborted();
      const feeds = memory.add(observation, (window) => feedsOf(policy, observation, window));
      const maps = await replaced.maps(feeds);
      see?.(maps);
      const before = await replaced.outputsWith(feeds, maps);
      const outputs =
        change === "own" ? before : await replaced.outputsWith(feeds, changed(replaced, maps, change, others, numbers));
      memory.keep(outputs);
      sum += distance(outputs, before, policy);
      ticks++;
      source.accept({ torque: own(outputs, policy.command)!.data as Float32Array });
    }
  } finally {
    await source.close();
  }
  return { outcomes, moved };
}

function changed(
  replaced: ReplacedAttention,
  maps: AttentionMaps,
  change: Exclude<Change, "own">,
  others: readonly AttentionMaps[],
  numbers: Random,
): AttentionMaps {
  if (change === "permuted") return replaced.permuted(maps, numbers);
  if (change === "uniform") return replaced.uniform(maps);
  return others[numbers.integer(others.length)]!;
}

/**
 * Distance of two commands: of actions the total variation of their probabilities, 0 to 1; of others the mean over the
 * outputs of the change as a part of the limit, where the card has one, in the output's unit where not.
 */
function distance(a: Tensors, b: Tensors, policy: Policy): number {
  const { outputs, command } = policy;
  const [p, q] = [a, b].map((found) => probabilitiesOf(policy, found));
  if (p && q) return p.reduce((sum, x, i) => sum + Math.abs(x - q[i]!), 0) / 2;
  const [x, y] = [a, b].map((found) => own(found, command)!.data as Float32Array) as [Float32Array, Float32Array];
  return outputs.reduce((sum, { limit }, i) => sum + Math.abs(x[i]! - y[i]!) / (limit ?? 1), 0) / outputs.length;
}
