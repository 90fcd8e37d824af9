import type { Observation } from "../../explain/observation.js";
import type { Policy } from "../../policy/policy.js";
import { record } from "../../reproduction/episodes.js";
import { taskFor } from "./sim-task.js";

/** A moment of an episode. */
export interface Moment<Seen = Observation> {
  readonly tick: number;
  readonly observation: Seen;
}

/**
 * Moments of one episode of a policy on its task, spread over it.
 * @param count most of them
 * @throws InputError as `taskFor`
 */
export async function momentsOfTask(policy: Policy, task: string, seed: number, count: number): Promise<Moment[]> {
  const { episodes } = await record(policy, await taskFor(policy, task), { seed, episodes: 1 });
  const all = episodes[0]!.ticks;
  const chosen = Math.min(count, all.length);
  return Array.from({ length: chosen }, (_, i) => {
    const tick = Math.floor(((i + 0.5) * all.length) / chosen);
    return { tick, observation: all[tick]!.observation };
  });
}
