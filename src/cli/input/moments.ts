import { drive } from "../../evaluation/drive.js";
import { feedsOf } from "../../explain/feeds.js";
import type { Weights } from "../../explain/heatmap-subject.js";
import { Memory, type Window } from "../../explain/memory.js";
import type { Observation } from "../../explain/observation.js";
import { weightsIn } from "../../explain/weight-feeds.js";
import type { Policy } from "../../policy/policy.js";
import type { Tensors } from "../../runtime/models.js";
import { SimulatedSource } from "../../sim/source.js";
import { simulatedFor } from "./sim-task.js";

/** A moment of an episode. */
export interface Moment {
  readonly tick: number;
  /** All inputs of the policy. */
  readonly feeds: Tensors;
  /** α of the outputs. */
  readonly weights: Weights;
}

/**
 * Moments of one episode of a policy on its task or in its world, spread over it. Images and values are those that the
 * policy saw, earlier ones too; state that it carries from tick to tick is that of an episode's first tick.
 * @param name of the task or world
 * @param count most of them
 * @throws InputError as `simulatedFor`
 */
export async function momentsOfEpisode(policy: Policy, name: string, seed: number, count: number): Promise<Moment[]> {
  const task = await simulatedFor(policy, name, {});
  const source = new SimulatedSource({ task, seed, episodes: 1, speed: 0 });
  const memory = new Memory(policy);
  const all: { readonly observation: Observation; readonly window: Window }[] = [];
  await drive(policy, source, {
    write: ({ observation }) => void all.push(memory.add(observation, (window) => ({ observation, window }))),
    close: async () => {},
  });
  const chosen = Math.min(count, all.length);
  return Array.from({ length: chosen }, (_, i) => {
    const tick = Math.floor(((i + 0.5) * all.length) / chosen);
    const { observation, window } = all[tick]!;
    return {
      tick,
      feeds: feedsOf(policy, observation, window),
      weights: weightsIn(observation.importance, policy.outputs),
    };
  });
}
