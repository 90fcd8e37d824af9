import { input } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { Random } from "../../sim/random.js";
import type { Parameters } from "../network/linear.js";
import type { Layout } from "../network/parameters.js";
import type { Head } from "./heads.js";

/** What a policy acts on: bytes [B, C, H, W], and numbers [B, n] where it knows any beside the picture. */
export interface Observed {
  readonly image: Value;
  readonly configuration: Value | undefined;
}

/** A network that acts and estimates values, as trainings by reward need it. */
export interface ActorCritic {
  readonly head: Head;
  readonly layout: Layout;
  /** Channels of all frames, and pixels of the image. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** Numbers beside the image. */
  readonly configuration: number;
  /** Writes the parameters that a training begins with. */
  initialise(vector: Float32Array, random: Random): void;
  /** The policy's outputs, [B, outputs], and values, [B]. */
  outputs(p: Parameters, observed: Observed): { readonly policy: Value; readonly value: Value };
}

/** Graph inputs of an observation, by name. */
export function observedInputs({ image, configuration }: ActorCritic, batch: number): Observed {
  return {
    image: input("image", "uint8", [batch, ...image]),
    configuration: configuration > 0 ? input("configuration", "float32", [batch, configuration]) : undefined,
  };
}

/** The inputs that there are. */
export const valuesOf = ({ image, configuration }: Observed): Value[] =>
  configuration === undefined ? [image] : [image, configuration];
