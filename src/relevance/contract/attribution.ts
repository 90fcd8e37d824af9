import type { Value } from "../../graph/value.js";
import type { Relevance } from "./carrier.js";

/** Name of the share of constants, behind those of the modalities. */
export const CONSTANTS = "constants";

/** The rule that propagated relevance through a node. */
export interface NodeRule {
  /** The node's name in messages. */
  readonly node: string;
  readonly op: string;
  /** Name of the method's row for a linear layer, or of the operator's rule. */
  readonly rule: string;
  /** The activation that ends at this node, where it is written in several nodes. */
  readonly activation?: string;
  /** True for what keeps the torques between limits (tanh, clip), behind the last linear layer. */
  readonly squash?: true;
  /** True where constants take a part, such as a learned token. */
  readonly constants?: true;
  /** The reason why relevance may be lost or gained there. */
  readonly loses?: string;
}

/** A method's relevance at a network's inputs. */
export interface Attribution {
  /** By input tensor, [rows, …its shape]. */
  readonly inputs: ReadonlyMap<Value, Relevance>;
  /** Relevance of pixels summed over channels, [rows, H, W] each, by image modality. */
  readonly pixels: ReadonlyMap<string, readonly Relevance[]>;
  /** A map per torque, [J, H, W], where the method's map of all torques is not the sum of these. */
  readonly torquePixels?: ReadonlyMap<string, Value>;
  /**
   * Relevance of each torque where an image's features join the rest, [J, n] for each place, by image modality. Shares
   * are measured there, at every depth.
   */
  readonly joined: ReadonlyMap<string, readonly Value[]>;
  /** Relevance of each torque that constants took, [J, n] for each place; undefined where the network has no such place. */
  readonly constants?: readonly Value[];
  /** Relevance that constants took among an image's own features, [rows, n] each: it counts in the image's share. */
  readonly absorbed?: readonly Relevance[];
  /** Per output element, true where the pool that the torque's sign asks for was empty (Eq. 1), [J, …] each. */
  readonly emptyPools: readonly Value[];
  /** The totals that shares are computed from, where they are not Σ|R| of the inputs. */
  readonly totals?: Totals;
  /** Relevance that was not followed to the inputs, where some is left out. */
  readonly omitted?: Omitted;
  /** The nodes that relevance went through, from the inputs to the torques. */
  readonly rules: readonly NodeRule[];
  /** Warnings about the method on this network, one line each. */
  readonly warnings?: readonly string[];
}

/** Weighted relevance that was not followed: Σ|R| and ΣR, scalars. */
export interface Omitted {
  readonly size: Value;
  readonly sum: Value;
}

/** Totals by modality name: of the α-weighted sum over torques (scalar), and of each torque, [J]. */
export interface Totals {
  readonly weighted: ReadonlyMap<string, Value>;
  readonly perTorque: ReadonlyMap<string, Value>;
}
