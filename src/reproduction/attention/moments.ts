import { imageOf } from "../../evaluation/world-play.js";
import { attentionIn } from "../../explain/attention.js";
import { feedsOf } from "../../explain/feeds.js";
import type { Weights } from "../../explain/heatmap-subject.js";
import { Memory } from "../../explain/memory.js";
import { weightsIn } from "../../explain/weight-feeds.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import type { Tensors } from "../../runtime/models.js";
import { Session } from "../../runtime/session.js";
import { SimulatedSource } from "../../sim/source.js";
import { sceneOf } from "./scene.js";

/** A moment of a policy's own episodes. */
export interface Moment {
  readonly episode: number;
  /** All inputs of the policy, carried state too. */
  readonly feeds: Tensors;
  /** α of the outputs. */
  readonly weights: Weights;
  /** The policy's attention on the pixels, its queries added, [height × width]; undefined for a policy without. */
  readonly attention: Float32Array | undefined;
  /** 1 at the pixels of what matters, else 0, [height × width]. */
  readonly fixations: Uint8Array;
}

export interface MomentsOptions {
  readonly seed: number;
  readonly episodes: number;
  /** Control steps from a moment to the next one of its episode. */
  readonly stride: number;
  readonly signal?: AbortSignal | undefined;
}

/** Plays a policy and keeps moments of its episodes. */
export async function momentsOf(
  policy: Policy,
  name: string,
  { seed, episodes, stride, signal }: MomentsOptions,
): Promise<Moment[]> {
  const scene = await sceneOf(policy, name);
  const source = new SimulatedSource({ task: scene.simulated, seed, episodes, speed: 0 });
  const session = await Session.create(policy.bytes, { threads: 1, spinning: false });
  const memory = new Memory(policy);
  const moments: Moment[] = [];
  try {
    for await (const observation of source.observations()) {
      signal?.throwIfAborted();
      const feeds = memory.add(observation, (window) => feedsOf(policy, observation, window));
      const outputs = await session.run(feeds);
      const { episode, tick } = observation.simulation!;
      // Half a stride after the start, so that episodes of other lengths count alike.
      if (tick % stride === Math.floor(stride / 2)) {
        moments.push({
          episode,
          feeds,
          weights: weightsIn(observation.importance, policy.outputs),
          attention: added(policy, outputs),
          fixations: scene.fixations(),
        });
      }
      memory.keep(outputs);
      source.accept({ torque: own(outputs, policy.command)!.data as Float32Array });
    }
  } finally {
    await session.release();
    await source.close();
  }
  return moments;
}

/** The sum of the maps of all queries. */
function added(policy: Policy, outputs: Tensors): Float32Array | undefined {
  const maps = own(attentionIn(policy, outputs), imageOf(policy).name);
  if (maps === undefined) return undefined;
  const [first, ...others] = maps;
  const sum = first!.data.slice();
  for (const { data } of others) for (const [pixel, weight] of data.entries()) sum[pixel]! += weight;
  return sum;
}
