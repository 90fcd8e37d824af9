import { own } from "../../own.js";
import { Session } from "../../runtime/session.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import { type ListeningSpec, PADDING } from "../../train/listening/spec.js";
import type { Progress } from "../progress.js";
import type { ExpertStep } from "./episodes.js";
import { actionFeed, firstState, nextState, stepFeeds } from "./feeds.js";
import { MODALITIES, type Modality, POOLS, type Pool, TARGETS, type Target } from "./paper.js";
import { EXPERT } from "./readout.js";

/** What is attributed at a step of an episode. */
export interface StepFound {
  /** Step, from 0 on, and steps of its episode. */
  readonly step: number;
  readonly length: number;
  readonly interacts: boolean;
  /** True where the policy's likeliest action is the expert's. */
  readonly right: boolean;
  readonly action: number;
  /** Cell with the largest logit of the mask. */
  readonly cell: number;
  /** Size of a modality's attribution. */
  sizeOf(target: Target, modality: Modality, pool: Pool): number;
  /** The words without padding, as text. */
  readonly tokens: readonly string[];
  /** Of the words without padding: the largest size of an embedding's attributions, and their sum. */
  readonly words: Float32Array;
  readonly signed: Float32Array;
}

/** Shares of the modalities, which add up to 1; undefined where nothing is attributed. */
export function sharesOf(found: StepFound, target: Target, pool: Pool): Readonly<Record<Modality, number>> | undefined {
  const sizes = MODALITIES.map((modality) => found.sizeOf(target, modality, pool));
  const all = sizes.reduce((a, b) => a + b, 0);
  if (!(all > 0)) return undefined;
  return Object.fromEntries(MODALITIES.map((modality, i) => [modality, sizes[i]! / all])) as Record<Modality, number>;
}

/** Focus centre of the words (Fig. 3): Σ(i + 1)·|α| / (n·Σ|α|), from 1/n to 1. */
export function focusCentre({ words }: StepFound): number {
  const all = words.reduce((a, b) => a + b, 0);
  return words.reduce((sum, size, i) => sum + (i + 1) * size, 0) / (all * words.length);
}

/** Steps of the expert's episodes through a policy with its readout (`readoutModel`). */
export async function measure(
  readout: Uint8Array,
  spec: ListeningSpec,
  facts: WorldFacts,
  episodes: readonly (readonly ExpertStep[])[],
  { signal, done }: Progress,
): Promise<StepFound[][]> {
  const session = await Session.create(readout, { threads: 1, spinning: false });
  const { words } = facts.language!.vocabulary;
  try {
    const all: StepFound[][] = [];
    for (const steps of episodes) {
      signal?.throwIfAborted();
      let state = firstState(spec);
      const found: StepFound[] = [];
      for (const [number, step] of steps.entries()) {
        const { tokens, action, interacts } = step;
        const outputs = await session.run({
          ...state,
          ...stepFeeds(step, facts),
          [EXPERT]: actionFeed(action, facts),
        });
        const floats = (name: string): Float32Array => Float32Array.from(own(outputs, name)!.data as Float32Array);
        state = nextState(state, outputs);
        const pooled = floats("pooled");
        const spoken = tokens.filter((token) => token !== PADDING).length;
        const likely = largest(floats("actions"));
        found.push({
          step: number,
          length: steps.length,
          interacts,
          right: likely === action,
          action: likely,
          cell: largest(floats("mask")),
          sizeOf: (target, modality, pool) =>
            pooled[
              (TARGETS.indexOf(target) * MODALITIES.length + MODALITIES.indexOf(modality)) * POOLS.length +
                POOLS.indexOf(pool)
            ]!,
          tokens: tokens.slice(0, spoken).map((token) => words[token]!),
          words: floats("words").slice(0, spoken),
          signed: floats("signed").slice(0, spoken),
        });
      }
      all.push(found);
      done?.();
    }
    return all;
  } finally {
    await session.release();
  }
}

const largest = (values: Float32Array): number =>
  values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
