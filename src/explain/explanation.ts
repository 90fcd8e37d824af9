import type { Heatmap } from "../image/heatmap.js";
import type { OutputMeaning } from "../outputs/kinds.js";
import type { Observation, ObservationFlag } from "./observation.js";

/** How much is computed at a tick: everything, the fully connected layers only, or the torque alone. */
export const LEVELS = ["full", "shares", "skip"] as const;
export type Level = (typeof LEVELS)[number];

export type ExplanationFlag =
  | ObservationFlag
  | "idle"
  | "empty_pool"
  | "deadline_missed"
  | "not_conserving"
  | "not_finite"
  | "torque_differs"
  | "unknown_words";

/**
 * True where the shares of an explanation mean something, so that averages count them: its torques are not near zero
 * (`idle`, methods.md §0.9) and its relevance is finite (`not_finite`).
 */
export const isMeaningful = (flags: readonly string[]): boolean =>
  !flags.includes("idle") && !flags.includes("not_finite");

/** The references that relevance is measured against (methods.md §0.8); part of every message, file and report. */
export interface Convention {
  /** Reference of each modality: `zero`, `mean`, `values`, or `range` where the zB rule needs none. */
  readonly reference: Readonly<Record<string, string>>;
  /** Origin of the feature points: the policy's own, the image corner, or their mean. */
  readonly featurePoints: "policy" | "corner" | "mean";
}

/** The paper's ratios (Kim & Choi Fig. 4–6): shares grouped; configuration = position + velocity. NaN at level `skip`. */
export interface Ratios {
  readonly image: number;
  readonly position: number;
  readonly velocity: number;
  readonly configuration: number;
}

/** What a policy chooses among its actions. */
export interface Choice {
  /** Name of the most probable action, the one that is taken. */
  readonly chosen: string;
  /** One an action, [J]; they add up to 1. */
  readonly probabilities: Float32Array;
}

/** What a policy was told in words. */
export interface Instruction {
  readonly text: string;
  /** The modality of its tokens. */
  readonly modality: string;
  /** The text of each token, padding left out. */
  readonly tokens: readonly string[];
  /** α-weighted relevance of each of them, in the outputs' unit; empty at level `skip`. */
  readonly relevance: Float32Array;
  /** Words that the policy does not know. */
  readonly unknown: readonly string[];
}

/** Where an action acts in the image: cells over it, the largest one first. */
export interface ActionMask {
  readonly height: number;
  readonly width: number;
  /** [height × width]. */
  readonly data: Float32Array;
}

/** Where the policy itself says that it looks: one map over an image, [height × width], at the size that the policy sees. */
export interface AttentionMap extends Heatmap {
  readonly query: string;
}

/** Why the policy commanded this at one tick. J torques, or outputs of other kinds; M modalities. */
export interface Explanation {
  readonly observation: Observation;
  /** Name of the method, and options that are not its defaults. */
  readonly method: string;
  readonly convention: Convention;
  readonly policySha256: string;
  readonly level: Level;
  /**
   * The joint whose torque alone `relevance` and `heatmaps` explain; undefined for the α-weighted sum over all joints.
   * Shares and ratios are always α-weighted; of actions, α of the one that is named is 1.
   */
  readonly heatmapOf: string | undefined;
  /**
   * The joint whose torque `relevance` and `heatmaps` explain rather than the others' (docs/contrast.md): α_j R_j less the
   * mean of the other joints' α_k R_k. Above zero speaks for this torque, below zero for the others; undefined where none.
   */
  readonly contrast: string | undefined;
  /** The joint or action that `contrast` is compared with: α_j R_j less α_k R_k; undefined for all others. */
  readonly against: string | undefined;
  /** Joint names, one a torque; of other outputs the names of what they command. */
  readonly joints: readonly string[];
  /** What each of them is, [J]: kind and unit. */
  readonly outputs: readonly OutputMeaning[];
  /** Commanded torque τ, N·m, [J]; of other outputs the explained value in its unit, of a target the change, of an action its logit. */
  readonly torque: Float32Array;
  /** Importance factor α, [J], Σα = J; of actions 1 for the chosen one, or for `heatmapOf`, and 0 for the others. */
  readonly importance: Float32Array;
  /** Of actions. */
  readonly choice: Choice | undefined;
  /** Of a policy that says where its actions act. */
  readonly mask: ActionMask | undefined;
  /** Of a policy with language. */
  readonly instruction: Instruction | undefined;
  /** Names of what the shares are of, in their order: the modalities, and `constants` where constants of the network take a part. */
  readonly modalities: readonly string[];
  /** Share of each modality in the α-weighted relevance, [M], sums to 1 (0 where there is no relevance); NaN at level `skip`. */
  readonly shares: Float32Array;
  /** Share of each modality in the relevance of each torque, [J × M]; NaN at level `skip`. */
  readonly torqueShares: Float32Array;
  /** α-weighted relevance of each element of each configuration modality, in the outputs' unit; empty at level `skip`. */
  readonly relevance: Readonly<Record<string, Float32Array>>;
  /** Relevance of each element for each torque, not α-weighted, [J × n] by modality; empty at level `skip`. */
  readonly torqueRelevance: Readonly<Record<string, Float32Array>>;
  /** Relevance per pixel, in the outputs' unit, by image modality; empty below level `full`. */
  readonly heatmaps: Readonly<Record<string, Heatmap>>;
  /** The policy's own attention by image modality, where the card names such outputs; at every level. */
  readonly attention: Readonly<Record<string, readonly AttentionMap[]>>;
  /**
   * x and y of each feature point of a soft-argmax, [K × 2], pixels of the policy's image, pixel centres at whole numbers;
   * by image modality, where it has such points. Empty below level `full`.
   */
  readonly featurePoints: Readonly<Record<string, Float32Array>>;
  readonly ratios: Ratios;
  /**
   * |ΣR_in − Σα|τ|| / Σα|τ|, with α one-hot where `heatmapOf` names a joint; of a contrast |ΣR_in − Σw|τ|| / Σ|w τ| with
   * its weights w. Of actions with logits z in place of |τ|. What is omitted counts in ΣR_in. NaN below level `full`.
   */
  readonly conservationResidual: number;
  /** The part of Σα|τ| whose relevance was not followed to the pixels; 0 for none, NaN below level `full`. */
  readonly omitted: number;
  /** From the call of `explain` to the explanation, milliseconds. */
  readonly latencyMs: number;
  readonly flags: readonly ExplanationFlag[];
}
