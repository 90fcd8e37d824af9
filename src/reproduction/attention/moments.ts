import { attentionOn, type MapMoment } from "../../evaluation/saliency/map-maker.js";
import { imageOf } from "../../evaluation/world-play.js";
import { feedsOf } from "../../explain/feeds.js";
import { Memory } from "../../explain/memory.js";
import { weightsIn } from "../../explain/weight-feeds.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import { Session } from "../../runtime/session.js";
import { SimulatedSource } from "../../sim/source.js";
import { sceneOf } from "./scene.js";

/** A moment of a policy's own episodes. */
export interface Moment extends MapMoment {
  readonly episode: number;
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
  const image = imageOf(policy);
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
          attention: attentionOn(policy, image, outputs),
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
