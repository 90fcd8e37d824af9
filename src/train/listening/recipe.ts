import type { WorldFacts } from "../../sim/worlds/world.js";
import type { ListeningLayers, ListeningSpec } from "./spec.js";

/** Everything that decides the result of a training on an expert's answers in a world with words, except the seed. */
export interface ListeningRecipe {
  readonly algorithm: "imitation";
  readonly network: ListeningLayers;
  /** False where the convolutions stay random (the control). */
  readonly vision: boolean;
  readonly workers: number;
  /** The convolutions' fit: pictures of each worker, from episodes of random actions, steps, pictures of a step and rate. */
  readonly seeing: {
    readonly pictures: number;
    readonly steps: number;
    readonly batch: number;
    readonly rate: number;
  };
  /**
   * Rounds (DAgger: Ross, Gordon & Bagnell 2011): episodes of the first, and of each other one; the expert labels all of
   * their steps, and takes part of the actions, all in the first round and fewer until `alone`.
   */
  readonly rounds: {
    readonly count: number;
    readonly first: number;
    readonly episodes: number;
    /** The round from which on the expert takes as few actions as it ever does, and their part. */
    readonly alone: number;
    readonly least: number;
    /** Steps of the optimiser in a round. */
    readonly steps: number;
    /** Episodes without the expert after a round, which tell how it goes. */
    readonly judged: number;
  };
  /** Lengths that episodes are filled up to; longer ones are cut off at the last. */
  readonly lengths: readonly number[];
  /** Steps of episodes that a worker learns from at once. */
  readonly rows: number;
  readonly rate: number;
  /** Norm that a gradient is shortened to. */
  readonly gradientNorm: number;
}

/**
 * Sizes of a recipe's network in a world.
 * @throws RangeError for a world without words or without a mask
 */
export function listeningSpec(
  { name, picture, actions, language, kinds }: WorldFacts,
  layers: ListeningLayers,
): ListeningSpec {
  if (language === undefined || actions.kind !== "discrete" || actions.mask === undefined || kinds === undefined)
    throw new RangeError(`${name}: no world with instructions, kinds of things and a mask`);
  return {
    ...layers,
    ...picture,
    mask: actions.mask,
    kinds: kinds.flat().length,
    vocabulary: language.vocabulary.words.length,
    tokens: language.length,
    actions: actions.names.length,
  };
}

/** Episodes of a length that a worker learns from at once. */
export const batchOf = ({ rows }: Pick<ListeningRecipe, "rows">, length: number): number =>
  Math.max(1, Math.floor(rows / length));

/** Steps of the optimiser of a whole training, those of the convolutions' fit included. */
export const stepsOf = ({ vision, seeing, rounds }: ListeningRecipe): number =>
  (vision ? seeing.steps : 0) + rounds.count * rounds.steps;

/** Part of the actions that the expert takes in a round. */
export function expertPart({ rounds: { alone, least } }: Pick<ListeningRecipe, "rounds">, round: number): number {
  return Math.max(least, 1 - round / alone);
}
