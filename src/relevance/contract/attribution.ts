import type { Value } from "../../graph/value.js";
import type { Relevance } from "./carrier.js";

/** Which rule took relevance through a node. */
export interface NodeRule {
  /** The node as messages call it. */
  readonly node: string;
  readonly op: string;
  /** Name of the method's row for a linear layer, or of the operator's rule. */
  readonly rule: string;
  /** Why relevance may be lost or gained there, where it may. */
  readonly loses?: string;
}

/** Relevance of each torque at one value, [J] each. */
export interface Joined {
  /** Σ|R_j|. */
  readonly size: Value;
  /** ΣR_j. */
  readonly sum: Value;
}

/** What a method leaves at a network's inputs. */
export interface Attribution {
  /** By input tensor, [rows, …its shape]. */
  readonly inputs: ReadonlyMap<Value, Relevance>;
  /** Relevance of pixels whose channels are summed or never told apart, [rows, H, W] each, by image modality. */
  readonly pixels: ReadonlyMap<string, readonly Relevance[]>;
  /** The same for each torque apart, [J, H, W], where a method's map of all torques is not the sum of theirs. */
  readonly torquePixels?: ReadonlyMap<string, Value>;
  /** What each torque's relevance comes to where an image's features join the rest, by image modality. */
  readonly joined: ReadonlyMap<string, readonly Joined[]>;
  /** Per output element, whether the pool that the torque's sign asks for was empty (Eq. 1), [J, …] each. */
  readonly emptyPools: readonly Value[];
  /** What shares are made of, where it is not Σ|R| of the inputs. */
  readonly totals?: Totals;
  /** The nodes that relevance went through, from the inputs to the torques. */
  readonly rules: readonly NodeRule[];
  /** What a user may want to know of how the method met the network, a line each. */
  readonly warnings?: readonly string[];
}

/** A modality's part by its name: of the α-weighted sum over torques (scalar), and of each torque, [J]. */
export interface Totals {
  readonly weighted: ReadonlyMap<string, Value>;
  readonly perTorque: ReadonlyMap<string, Value>;
}
