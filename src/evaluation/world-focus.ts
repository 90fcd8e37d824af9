import { Explainer } from "../explain/explainer.js";
import { isMeaningful } from "../explain/explanation.js";
import { mean } from "../numbers/mean.js";
import { own } from "../own.js";
import type { Policy } from "../policy/policy.js";
import { SimulatedWorld } from "../sim/simulated-world.js";
import { SimulatedSource } from "../sim/source.js";
import { worldNamed } from "../sim/worlds/worlds.js";

/**
 * Figures of an explained policy in a world: episodes that succeed, the mean return of an episode, and `focus`, the mean
 * over the steps of the part of the heatmap's relevance, by magnitude, on the objects that decide (`WorldFacts.salient`).
 */
export type WorldFocus = Readonly<Record<"episodes" | "seed" | "success" | "return" | "focus", number>>;

export interface WorldFocusOptions {
  readonly episodes: number;
  readonly seed?: number;
  readonly method: string;
  readonly done?: (part: number) => void;
  readonly signal?: AbortSignal;
}

/** Plays episodes of a seed in a world, and explains every step. */
export async function worldFocus(
  policy: Policy,
  name: string,
  { episodes, seed = 0, method, done, signal }: WorldFocusOptions,
): Promise<WorldFocus> {
  const image = policy.modalities.find(({ kind }) => kind === "image")!.name;
  const explainer = await Explainer.create(policy, { method, levels: ["full"], worker: false });
  const world = await SimulatedWorld.load(worldNamed(name));
  const source = new SimulatedSource({ task: world, seed, episodes, speed: 0 });
  const shares: number[] = [];
  try {
    for await (const observation of source.observations()) {
      signal?.throwIfAborted();
      const explanation = await explainer.explain(observation);
      const decides = world.salient();
      let [on, all] = [0, 0];
      own(explanation.heatmaps, image)!.data.forEach((relevance, pixel) => {
        const size = Math.abs(relevance);
        all += size;
        if (decides[pixel]) on += size;
      });
      if (all > 0 && isMeaningful(explanation.flags)) shares.push(on / all);
      source.accept(explanation);
      done?.(source.summary().episodes / episodes);
    }
  } finally {
    await explainer.close();
    await source.close();
  }
  const { successes, returns } = source.summary();
  const rounded = (value: number) => Number(value.toFixed(3));
  return { episodes, seed, success: successes, return: rounded(mean(returns)), focus: rounded(mean(shares)) };
}
