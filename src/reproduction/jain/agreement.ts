import { groupsInterval, type Interval } from "../../analysis/bootstrap.js";
import { spearman } from "../../analysis/similarity.js";
import { mean } from "../../numbers/mean.js";
import { type ArchitectureFindings, episodeShares } from "./findings.js";
import type { StepFound } from "./measure.js";
import { type Kind, MODALITIES, type Modality, type Pool, type Target } from "./paper.js";
import type { StepWorth, Trials, Worth } from "./without.js";

/** Does the attribution mean anything: shares beside what is lost where the modality is taken away. */

/** What is lost, by name: one number for an episode and a modality. */
export const EFFECTS = {
  changes: "another action becomes the likeliest",
  likely: "fall of the likeliest action’s probability",
  loses: "the expert’s action is no longer the likeliest",
  losesAlong: "the same, without it from the start on",
  success: "success is lost",
} as const;
export type Effect = keyof typeof EFFECTS;

/** A policy's episodes of the expert, and what became of its own. */
export interface Weighed {
  readonly architecture: string;
  readonly kind: Kind;
  /** Number of the random weights; undefined for the trained policy. */
  readonly seed: number | undefined;
  readonly steps: readonly (readonly StepFound[])[];
  readonly worth: readonly (readonly StepWorth[])[];
  readonly trials: Trials | undefined;
}

/** Every policy of the findings. */
export const weighedOf = (architectures: readonly ArchitectureFindings[]): Weighed[] =>
  architectures.flatMap(({ name: architecture, random, randomWorth, trained }): Weighed[] => [
    ...random.map((steps, seed) => ({
      ...{ architecture, kind: "random" as const, seed, steps, worth: randomWorth[seed]!, trials: undefined },
    })),
    ...(trained
      ? [
          {
            ...{ architecture, kind: "trained" as const, seed: undefined },
            ...{ steps: trained.episodes, worth: trained.worth, trials: trained.trials },
          },
        ]
      : []),
  ]);

/** What is lost without a modality, one number an episode; empty where it was not measured. */
export function lossesOf({ worth, trials }: Weighed, effect: Effect, modality: Modality): number[] {
  if (effect !== "success")
    return worth.map((steps) => mean(steps.map((step) => step[modality][effect as keyof Worth])));
  return trials ? trials.all.map((with_, i) => Number(with_) - Number(trials[modality][i])) : [];
}

/** Shares of a modality, one number an episode. */
const sharesOf = ({ steps }: Weighed, target: Target, pool: Pool, modality: Modality): number[] =>
  steps.map((episode) => episodeShares(episode, target, pool)?.[modality] ?? Number.NaN);

/** A share and a loss: means over a policy's episodes. */
interface Point {
  readonly policy: Weighed;
  readonly modality: Modality;
  readonly share: number;
  readonly loss: number;
}

const known = (values: readonly number[]): number => mean(values.filter((value) => !Number.isNaN(value)));

export const pointsOf = (policy: Weighed, target: Target, pool: Pool, effect: Effect): Point[] =>
  MODALITIES.map((modality) => ({
    policy,
    modality,
    share: known(sharesOf(policy, target, pool, modality)),
    loss: known(lossesOf(policy, effect, modality)),
  }));

/** Rank correlation of shares with losses over policies and modalities. */
interface Agreement {
  readonly correlation: number;
  /** 95 %, policies drawn anew; undefined for fewer than two. */
  readonly interval: Interval | undefined;
  readonly policies: number;
}

/** @param policies of one kind */
export function agreementOf(policies: readonly Weighed[], target: Target, pool: Pool, effect: Effect): Agreement {
  const groups = policies
    .map((policy) => pointsOf(policy, target, pool, effect))
    .filter((points) => points.every(({ loss }) => !Number.isNaN(loss)));
  const correlation = (chosen: readonly (readonly Point[])[]): number => {
    const points = chosen.flat();
    return spearman(
      points.map(({ share }) => share),
      points.map(({ loss }) => loss),
    );
  };
  return {
    correlation: correlation(groups),
    interval: groups.length > 1 ? groupsInterval(groups, correlation) : undefined,
    policies: groups.length,
  };
}

/** Mean over an episode's steps of the rank correlation of the three shares with the falls of the likeliest action's probability. */
export function episodeAgreement(steps: readonly StepFound[], worth: readonly StepWorth[]): number {
  return known(
    steps.map((step, i) =>
      spearman(
        MODALITIES.map((modality) => step.sizeOf("likely", modality, "l2")),
        MODALITIES.map((modality) => worth[i]![modality].likely),
      ),
    ),
  );
}
