import type { Attribution } from "./attribution.js";
import type { Network } from "./facts.js";

/** A name with its options, or the YAML of a composite table and the file's name. */
export type MethodOrigin = { readonly spec: string } | { readonly table: string; readonly source: string };

/** What a method can contrast: all outputs, logits alone, or none. */
export type Contrasts = boolean | "logits";

/** A method with its options set. */
export interface Method {
  readonly name: string;
  /**
   * Name and options that differ from their defaults: `lrp-gamma:gamma=0.5`. `methodNamed` makes the same method of it.
   */
  readonly spec: string;
  /** The text to make the method again in another thread; a user's own method has none. */
  readonly origin?: MethodOrigin;
  readonly title: string;
  readonly cite: string;
  /** True where Σ R of all inputs is Σα|τ|. */
  readonly conserves: boolean;
  /** True where relevance is linear in the seed: one pass gives the α-weighted sum over torques. */
  readonly linear: boolean;
  /**
   * True where heatmaps of two torques differ as the torques do, so that their difference says something: relevance is
   * signed and depends on the torque (docs/contrast.md). `logits` where the difference of two logits is explained as one
   * value, and that of two torques is not.
   */
  readonly contrasts: Contrasts;
  /** True where the heatmap is that of regions, which are made from the picture and the pixels' relevance. */
  readonly regions?: boolean;
  /** @throws InputError for a network that the method cannot explain, with the reason */
  attribute(network: Network): Attribution;
}
