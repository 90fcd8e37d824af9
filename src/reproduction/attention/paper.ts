import type { Change } from "../../evaluation/attention/play.js";
import type { Claim, Verdict } from "../verdict.js";
import type { LearningCurve } from "./learning-curve.js";
import type { PolicyFound, Wanted } from "./measure.js";

/** A policy with attention, or the one of its task that has none. */
export interface StudiedPolicy extends Wanted {
  /** Name of its file, without folder and ending. */
  readonly name: string;
  readonly sha256: string;
  readonly attention: "fls" | "query" | "none";
  /** Name of its recipe, by the card's training record. */
  readonly recipe: string;
  readonly learning: LearningCurve | undefined;
}

export type PolicyFindings = PolicyFound<StudiedPolicy>;

/** A statement about a policy with attention. */
export interface AttentionClaim extends Claim {
  /**
   * The measure, one number an episode; undefined where it cannot be taken of the policy.
   * @param baseline the policy of the same task without attention
   */
  of(policy: PolicyFindings, baseline: PolicyFindings | undefined): readonly number[] | undefined;
}

/** Parts of a policy's section, in their order; each is one entry of the table of parts. */
export type PartName = "verdicts" | "measures" | "agreement" | "deletion" | "replaced" | "learning";

/** A paper about attention, as it is asked of torquelens' policies. */
export interface AttentionPaper {
  readonly name: string;
  readonly citation: string;
  readonly title: string;
  /** What the page says first, a paragraph. */
  readonly intro: string;
  readonly maps: readonly string[];
  readonly changes: readonly Change[];
  /** True to measure the policy without attention, too. */
  readonly withBaseline: boolean;
  readonly claims: readonly AttentionClaim[];
  readonly parts: readonly PartName[];
}

/** Everything that was found. */
export interface AttentionFindings {
  readonly paper: AttentionPaper;
  readonly policies: readonly PolicyFindings[];
  /** Verdicts by the name of a policy with attention. */
  readonly verdicts: ReadonlyMap<string, readonly Verdict[]>;
  readonly workload: {
    readonly seed: number;
    readonly played: number;
    readonly mapped: number;
    readonly stride: number;
  };
  readonly isQuick: boolean;
}
