import type { Node, Value } from "../../graph/value.js";

/**
 * Several nodes of a policy that rules see as one. The nodes stay as they are; rules jump from the last node's output
 * to the pattern's source, and what lies between is passed over.
 */
export type Pattern = SoftArgmax | Normalisation | Activation;

interface Last {
  /** The node whose first output the pattern computes. */
  readonly node: Node;
  /** The value that relevance of the output goes to. */
  readonly source: Value;
}

/** Expected coordinates of probability maps: Σ p·X over the cells of each channel. The source is p. */
export interface SoftArgmax extends Last {
  readonly kind: "soft-argmax";
  /** The Softmax that makes the maps. */
  readonly softmax: Node;
}

/** (x − mean)/σ · scale + shift, statistics over axes of x itself; without mean for RMSNorm and L2Norm. */
export interface Normalisation extends Last {
  readonly kind: "normalisation";
  readonly name: "LayerNorm" | "RMSNorm" | "GroupNorm" | "InstanceNorm" | "L2Norm";
  /** Broadcast to the source. */
  readonly scale?: Value | undefined;
  readonly shift?: Value | undefined;
  /** x less its mean, of the source's shape; x itself where nothing is subtracted. */
  centred(): Value;
  /** σ > 0, what x is divided by; broadcasts to the source. */
  deviation(): Value;
}

/** An activation of one value written in several nodes. */
export interface Activation extends Last {
  readonly kind: "activation";
  readonly name: string;
}
