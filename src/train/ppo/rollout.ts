import { sizeOf } from "../../graph/shape.js";
import { sharedFloats } from "../network/parameters.js";
import type { ActorCritic } from "./network.js";
import type { PpoSettings } from "./settings.js";

/** What some worlds did over some steps, in shared memory; element (step, world) at step · worlds + world. */
export interface Rollout {
  readonly steps: number;
  readonly worlds: number;
  /** Bytes of an observation, its numbers beside the image, and elements of an action. */
  readonly pixels: number;
  readonly configuration: number;
  readonly width: number;
  /** [steps · worlds, pixels]. */
  readonly images: Uint8Array;
  /** [steps · worlds, configuration]. */
  readonly configurations: Float32Array;
  /** [steps · worlds, width]. */
  readonly actions: Float32Array;
  /** Of the actions, under the policy that acted. */
  readonly logProbabilities: Float32Array;
  readonly values: Float32Array;
  /** The value of what an episode would have gone on with is part of the reward where its limit cut it off. */
  readonly rewards: Float32Array;
  /** 1 where an episode ended. */
  readonly ends: Float32Array;
  /** Value estimates of the observations after the last step, [worlds]. */
  readonly last: Float32Array;
  readonly advantages: Float32Array;
  /** The advantages, normalised over the minibatch that a sample is part of. */
  readonly normalised: Float32Array;
  readonly returns: Float32Array;
  /** Samples in the order of the minibatches. */
  readonly order: Int32Array;
}

export function allocateRollout(
  { worlds, rolloutSteps: steps }: Pick<PpoSettings, "worlds" | "rolloutSteps">,
  { image, configuration, head: { width } }: Pick<ActorCritic, "image" | "configuration" | "head">,
): Rollout {
  const rows = steps * worlds;
  const pixels = sizeOf(image);
  return {
    steps,
    worlds,
    pixels,
    configuration,
    width,
    images: new Uint8Array(new SharedArrayBuffer(rows * pixels)),
    configurations: sharedFloats(rows * configuration),
    actions: sharedFloats(rows * width),
    logProbabilities: sharedFloats(rows),
    values: sharedFloats(rows),
    rewards: sharedFloats(rows),
    ends: sharedFloats(rows),
    last: sharedFloats(worlds),
    advantages: sharedFloats(rows),
    normalised: sharedFloats(rows),
    returns: sharedFloats(rows),
    order: new Int32Array(new SharedArrayBuffer(4 * rows)),
  };
}

/** Where the worlds stand between two rollouts, in shared memory: one row a world. */
export interface Standing {
  /** [worlds, length of a world's state]. */
  readonly states: Float64Array;
  /** Index, return and length of each world's episode, [worlds, 3]. */
  readonly episodes: Float64Array;
  /** [worlds, pixels]. */
  readonly observations: Uint8Array;
}

export function allocateStanding(worlds: number, state: number, pixels: number): Standing {
  const doubles = (length: number) => new Float64Array(new SharedArrayBuffer(8 * length));
  return {
    states: doubles(worlds * state),
    episodes: doubles(worlds * 3),
    observations: new Uint8Array(new SharedArrayBuffer(worlds * pixels)),
  };
}
