import type { Verdict } from "../verdict.js";
import { type StepFound, sharesOf } from "./measure.js";
import { MODALITIES, type Pool, type Shares, type Target } from "./paper.js";
import type { RegionsFound } from "./regions.js";
import type { StepWorth, Trials } from "./without.js";
import type { Workload } from "./workload.js";

/** A trained policy, and what is attributed in it. */
export interface TrainedFound {
  readonly path: string;
  readonly sha256: string;
  /** The training record's figures, by their keys. */
  readonly figures: Readonly<Record<string, number>>;
  readonly episodes: readonly (readonly StepFound[])[];
  readonly regions: readonly RegionsFound[];
  /** What each modality is worth at the same steps. */
  readonly worth: readonly (readonly StepWorth[])[];
  readonly trials: Trials;
}

export interface ArchitectureFindings {
  /** Key of the table of architectures, and the paper's name. */
  readonly name: string;
  readonly title: string;
  readonly parameters: number;
  /** Episodes of each randomly initialised policy. */
  readonly random: readonly (readonly (readonly StepFound[])[])[];
  /** What each modality is worth at the same steps. */
  readonly randomWorth: readonly (readonly (readonly StepWorth[])[])[];
  readonly trained: TrainedFound | undefined;
  readonly verdicts: readonly Verdict[];
}

export interface Findings {
  readonly workload: Workload;
  readonly architectures: readonly ArchitectureFindings[];
}

/** Mean shares of an episode's steps; undefined where nothing is attributed in any. */
export function episodeShares(steps: readonly StepFound[], target: Target, pool: Pool): Shares | undefined {
  const all = steps.flatMap((step) => sharesOf(step, target, pool) ?? []);
  if (all.length === 0) return undefined;
  const mean = MODALITIES.map((modality) => all.reduce((sum, shares) => sum + shares[modality], 0) / all.length);
  return Object.fromEntries(MODALITIES.map((modality, i) => [modality, mean[i]!])) as Shares;
}

/** Mean shares of episodes, each counting once. */
export function meanShares(
  episodes: readonly (readonly StepFound[])[],
  target: Target,
  pool: Pool,
): Shares | undefined {
  const all = episodes.flatMap((steps) => episodeShares(steps, target, pool) ?? []);
  if (all.length === 0) return undefined;
  const mean = MODALITIES.map((modality) => all.reduce((sum, shares) => sum + shares[modality], 0) / all.length);
  return Object.fromEntries(MODALITIES.map((modality, i) => [modality, mean[i]!])) as Shares;
}
