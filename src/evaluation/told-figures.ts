import { put } from "../own.js";
import type { Policy } from "../policy/policy.js";
import { unseenOf } from "../sim/worlds/worlds.js";
import { deciding, playEpisodes, type Shown } from "./world-play.js";

const zeros = ({ length }: { readonly length: number }): Float64Array => new Float64Array(length);
const emptied = <V, W>(record: Readonly<Record<string, V>>, nothing: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, nothing(value)]));

/** What a policy gets where one of its modalities is taken away: no words, a black image, no previous action. */
export const WITHOUT = {
  language: (observation) => ({ ...observation, instruction: "" }),
  image: ({ images, ...rest }) => ({
    ...rest,
    images: emptied(images, (image) => ({ ...image, data: new Uint8Array(image.data.length) })),
  }),
  previous_action: ({ values, ...rest }) => ({ ...rest, values: emptied(values, zeros) }),
} as const satisfies Readonly<Record<string, Shown>>;

/** A figure of a policy that is told what to do. */
interface ToldRun {
  readonly key: string;
  /** Key of the mean path-length-weighted success. */
  readonly weighted: string;
  readonly text: string;
  /** True for one in the world with the unseen conditions. */
  readonly isUnseen?: boolean;
  readonly shown?: Shown;
}

export const TOLD_RUNS: readonly ToldRun[] = [
  { key: "success", weighted: "plw", text: "success, seen combinations" },
  { key: "unseen", weighted: "unseen_plw", text: "success, unseen combinations", isUnseen: true },
  {
    key: "no_language",
    weighted: "no_language_plw",
    text: "without words, of a quarter of the episodes",
    shown: WITHOUT.language,
  },
  {
    key: "no_image",
    weighted: "no_image_plw",
    text: "with a black image, of a quarter",
    shown: WITHOUT.image,
  },
  {
    key: "no_previous_action",
    weighted: "no_previous_action_plw",
    text: "without its previous action, of a quarter",
    shown: WITHOUT.previous_action,
  },
];

export type ToldFigures = Readonly<Record<"episodes" | "seed", number>> & Readonly<Record<string, number>>;

export interface ToldOptions {
  /** Default 100. */
  readonly episodes?: number;
  readonly seed?: number;
  /** Called after each episode with the part that is done, 0 to 1. */
  readonly done?: (part: number) => void;
  readonly signal?: AbortSignal;
}

/** Episodes of a run: a policy without a modality fails slowly. */
const episodesOf = ({ shown }: ToldRun, episodes: number): number =>
  shown === undefined ? episodes : Math.max(1, Math.round(episodes / 4));

/**
 * Measures a policy in a world that tells it what to do: episodes that succeed out of those of each run, and their mean
 * success weighted by the expert's length over the policy's (PLWSR). The likeliest action and the mask's largest cell
 * are taken.
 */
export async function toldFigures(
  policy: Policy,
  world: string,
  { episodes = 100, seed = 0, done, signal }: ToldOptions = {},
): Promise<ToldFigures> {
  const all = TOLD_RUNS.reduce((sum, run) => sum + episodesOf(run, episodes), 0);
  let finished = 0;
  const ended = () => done?.(++finished / all);
  const figures: Record<string, number> = {};
  await deciding(policy, async (decide) => {
    for (const run of TOLD_RUNS) {
      const { key, weighted, isUnseen, shown } = run;
      const options = { seed, first: 0, episodes: episodesOf(run, episodes) };
      const watch = { signal, done: ended, shown };
      const played = await playEpisodes(policy, isUnseen ? unseenOf(world) : world, options, decide, watch);
      put(figures, key, played.filter(({ success }) => success).length);
      put(figures, weighted, Number((played.reduce((sum, end) => sum + end.sum, 0) / played.length).toFixed(4)));
    }
  });
  return { episodes, seed, ...figures } as ToldFigures;
}
