import { own, put } from "../own.js";
import type { Policy } from "../policy/policy.js";
import type { ImageAblation } from "../sim/ablation.js";
import { pictureLength, pixels } from "../sim/worlds/canvas.js";
import { drawOther } from "../sim/worlds/other-picture.js";
import type { WorldEntry } from "../sim/worlds/world.js";
import { worldNamed } from "../sim/worlds/worlds.js";
import { deciding, imageOf, playEpisodes, type Shown } from "./world-play.js";

/** A figure of a policy in a world: what it counts, and what the policy sees instead of the world. */
interface WorldRun {
  readonly key: string;
  /** Key of the mean return. */
  readonly returns: string;
  readonly text: string;
  readonly ablation?: Exclude<ImageAblation, "black">;
}

/** Runs of every policy of a world. */
export const WORLD_RUNS: readonly WorldRun[] = [
  { key: "success", returns: "return", text: "success" },
  { key: "frozen", returns: "frozen_return", text: "image frozen to one of another episode", ablation: "frozen" },
  { key: "first", returns: "first_return", text: "image frozen to its own first one", ablation: "first" },
];

/**
 * Figures of a policy in its world: episodes that succeed out of `episodes` for every run, and the mean return of an
 * episode: `return` where the policy sees the world, `frozen_return` and `first_return` where it does not.
 */
export type WorldFigures = Readonly<Record<"episodes" | "seed" | "return", number>> & Readonly<Record<string, number>>;

export interface WorldFigureOptions {
  /** Default 100. */
  readonly episodes?: number;
  readonly seed?: number;
  /** Called after each episode with the part that is done, 0 to 1. */
  readonly done?: (part: number) => void;
  readonly signal?: AbortSignal;
}

/** Measures a policy in its world: `episodes` episodes of `seed` in each run, the most probable action taken. */
export async function worldFigures(
  policy: Policy,
  world: string,
  { episodes = 100, seed = 0, done, signal }: WorldFigureOptions = {},
): Promise<WorldFigures> {
  const entry = worldNamed(world);
  let finished = 0;
  const ended = () => done?.(++finished / (episodes * WORLD_RUNS.length));
  const figures: Record<string, number> = {};
  await deciding(policy, async (decide) => {
    for (const { key, returns, ablation } of WORLD_RUNS) {
      const shown = ablation && (await shownInstead(entry, imageOf(policy).name, ablation, { episodes, seed }));
      const played = await playEpisodes(policy, world, { seed, first: 0, episodes }, decide, {
        signal,
        done: ended,
        shown,
      });
      put(figures, key, played.filter(({ success }) => success).length);
      put(figures, returns, Number((played.reduce((all, { sum }) => all + sum, 0) / episodes).toFixed(4)));
    }
  });
  return { episodes, seed, ...figures } as WorldFigures;
}

/** One picture for a whole episode: its own first one, or another episode's. */
async function shownInstead(
  { facts, load }: WorldEntry,
  camera: string,
  ablation: NonNullable<WorldRun["ablation"]>,
  { episodes, seed }: Readonly<Record<"episodes" | "seed", number>>,
): Promise<Shown> {
  const picture = new Uint8Array(pictureLength(facts.picture));
  const other = ablation === "frozen" ? (await load())(pixels(picture, facts.picture)) : undefined;
  return (observation, episode, step) => {
    const seen = own(observation.images, camera)!;
    // The episode before, of the first one the episode after the last.
    if (step === 0 && other) drawOther(other, seed, episode === 0 ? episodes : episode - 1);
    else if (step === 0) picture.set(seen.data);
    return { ...observation, images: { [camera]: { ...seen, data: picture } } };
  };
}
