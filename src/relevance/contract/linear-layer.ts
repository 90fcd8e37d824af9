import type { Node, Value } from "../../graph/value.js";

/**
 * A layer y = L(x; w) + b for relevance rules: linear in x for a fixed weight and in w for a fixed x.
 * Means, pools and interpolations have a scalar weight of one.
 */
export interface LinearLayer {
  readonly node: Node;
  readonly input: Value;
  /** What the layer sees of its input where rounding to steps stands between; the input itself where undefined. */
  readonly seen?: Value;
  /** Size of the steps that its input is rounded to, where the layer's outputs are not multiplied by it yet. */
  readonly step?: Value;
  readonly weight: Value;
  /** Broadcasts to the output; undefined where the layer has none. */
  readonly bias: Value | undefined;
  /** L(x; w) + b; with a normalisation after it, in the layer's units: each output without its positive factor. */
  readonly output: Value;
  /** True where a normalisation follows: an output can then be active although all its weights are against it. */
  readonly isNormalised?: boolean;
  /** The layer's kind in messages. */
  readonly kind: "convolution" | "transposed convolution" | "dense" | "mixture" | "mean";
  /** By spatial axis of a convolution's kernel: the sets of its elements that reach some output, at the edges too. */
  readonly taps?: readonly (readonly (readonly number[])[])[];
  /** L(x; w), plus constants that broadcast to one per output channel, for any x and w of these shapes. */
  forward(x: Value, weight: Value, plus?: Value): Value;
  /** L(x; w) for an x that is constant in each channel, [1, C, 1, …] or a scalar, where every window is whole. */
  uniform?(x: Value, weight: Value): Value;
  /** Lᵀ(y; w) for each weight: [rows, …output] → [rows, …input]. */
  adjoints(y: Value, weights: readonly Value[]): readonly Value[];
  /** Lᵀ of every output channel alone, of any number of channels with their weights: [1, K, …] → [K, …input]. */
  channelAdjoints?(y: Value, weight: Value): Value;
}
