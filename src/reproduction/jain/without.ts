import { WITHOUT } from "../../evaluation/told-figures.js";
import { deciding, type PlayOptions, playEpisodes } from "../../evaluation/world-play.js";
import { encoded } from "../../language/vocabulary.js";
import { largestOf, softmax } from "../../numbers/softmax.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import { Session } from "../../runtime/session.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import type { ListeningSpec } from "../../train/listening/spec.js";
import type { Progress } from "../progress.js";
import type { ExpertStep } from "./episodes.js";
import { firstState, nextState, stepFeeds } from "./feeds.js";
import { MODALITIES, type Modality } from "./paper.js";

/** What a modality is worth at a step of the expert's, by taking it away. */
export interface Worth {
  /** Fall of the probability of the action that is likeliest with everything, and of the expert's. */
  readonly likely: number;
  readonly expert: number;
  /** 1 where another action becomes the likeliest. */
  readonly changes: number;
  /** 1 where the expert's action is no longer the likeliest, −1 where it only then is. */
  readonly loses: number;
  /** The same where the modality is missing from the episode's start on. */
  readonly losesAlong: number;
}

export type StepWorth = Readonly<Record<Modality, Worth>>;

/** A step without a modality. */
const TAKEN: Readonly<Record<Modality, (step: ExpertStep, facts: WorldFacts) => ExpertStep>> = {
  language: (step, { language }) => ({ ...step, tokens: encoded(language!.vocabulary, "", language!.length).ids }),
  image: (step) => ({ ...step, image: new Uint8Array(step.image.length) }),
  previous_action: (step) => ({ ...step, previous: -1 }),
};

/**
 * What each modality is worth at each step of the expert's episodes. It is missing at the step alone, whose state is that
 * of a policy that had everything before, or from the start on.
 */
export async function worthOf(
  policy: Uint8Array,
  spec: ListeningSpec,
  facts: WorldFacts,
  episodes: readonly (readonly ExpertStep[])[],
  { signal, done }: Progress,
): Promise<StepWorth[][]> {
  const session = await Session.create(policy, { threads: 1, spinning: false });
  const look = async (state: ReturnType<typeof firstState>, step: ExpertStep) => {
    const outputs = await session.run({ ...state, ...stepFeeds(step, facts) });
    return { next: nextState(state, outputs), chances: softmax(own(outputs, "actions")!.data as Float32Array) };
  };
  try {
    const all: StepWorth[][] = [];
    for (const steps of episodes) {
      signal?.throwIfAborted();
      let state = firstState(spec);
      const along = new Map(MODALITIES.map((modality) => [modality, firstState(spec)]));
      const found: StepWorth[] = [];
      for (const step of steps) {
        const { next, chances } = await look(state, step);
        const likely = largestOf(chances);
        const right = Number(likely === step.action);
        const worth = {} as Record<Modality, Worth>;
        for (const modality of MODALITIES) {
          const less = TAKEN[modality](step, facts);
          const now = (await look(state, less)).chances;
          const { next: missing, chances: always } = await look(along.get(modality)!, less);
          along.set(modality, missing);
          worth[modality] = {
            likely: chances[likely]! - now[likely]!,
            expert: chances[step.action]! - now[step.action]!,
            changes: Number(largestOf(now) !== likely),
            loses: right - Number(largestOf(now) === step.action),
            losesAlong: right - Number(largestOf(always) === step.action),
          };
        }
        found.push(worth);
        state = next;
      }
      all.push(found);
      done?.();
    }
    return all;
  } finally {
    await session.release();
  }
}

/** Whether a policy succeeds in each of some episodes: with everything, and without a modality. */
export type Trials = Readonly<Record<"all" | Modality, readonly boolean[]>>;

/** Plays the same episodes of a world with everything and without each modality. */
export async function trialsOf(
  policy: Policy,
  world: string,
  options: PlayOptions,
  { signal, done }: Progress,
): Promise<Trials> {
  return deciding(policy, async (decide) => {
    const trials = {} as Record<"all" | Modality, boolean[]>;
    for (const name of ["all", ...MODALITIES] as const) {
      const shown = name === "all" ? undefined : WITHOUT[name];
      const played = await playEpisodes(policy, world, options, decide, { signal, done, shown });
      trials[name] = played.map(({ success }) => success);
    }
    return trials;
  });
}
