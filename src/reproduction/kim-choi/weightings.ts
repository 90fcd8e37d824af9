import { max } from "d3-array";
import { cosine } from "../../analysis/similarity.js";
import { mean } from "../../numbers/mean.js";
import { median, quantile } from "../../numbers/quantile.js";
import { alongTrajectories, type Course, GROUPS, type Group, type MeanOverTicks } from "./course.js";
import type { Episode, Tick } from "./episodes.js";

/** Ways to weigh the torques (Kim & Choi §III-A), of ticks that were recorded with the other forms of α. */
export const WEIGHTINGS: Readonly<Record<string, (tick: Tick) => Float64Array>> = {
  weighted: ({ observation }) => observation.importance,
  "α = 1": ({ observation }) => new Float64Array(observation.importance.length).fill(1),
  analytic: ({ forms }) => forms!.analytic,
  rollout: ({ forms }) => forms!.rollout,
};

/** Shares under one weighting, and their difference to those under α. */
export interface WeightedShares {
  readonly weighting: string;
  readonly groups: Readonly<Record<Group, MeanOverTicks>>;
  /** Mean and largest |difference| of a tick's image share to that under α. */
  readonly difference: { readonly mean: number; readonly max: number };
}

export function weighted(weighting: string, courses: readonly Course[], usual: readonly Course[]): WeightedShares {
  const differences = courses.flatMap(({ ratios }, e) =>
    Array.from(ratios.image, (share, tick) => Math.abs(share - usual[e]!.ratios.image[tick]!)),
  );
  return {
    weighting,
    groups: Object.fromEntries(
      GROUPS.map((group) => [group, alongTrajectories(courses, ({ ratios }, tick) => ratios[group][tick]!)]),
    ) as Record<Group, MeanOverTicks>,
    difference: { mean: mean(differences), max: max(differences) ?? Number.NaN },
  };
}

/** Cosine similarity of α by rollouts and by the analytic form. */
export interface FormLikeness {
  readonly ticks: number;
  /** Median and 5 % quantile. */
  readonly median: number;
  readonly low: number;
}

/** Compares the forms of α; apart for ticks in contact or at a limit, which the analytic form leaves out. */
export function compareForms(episodes: readonly Episode[]): {
  readonly free: FormLikeness;
  readonly held: FormLikeness;
} {
  const ticks = episodes.flatMap((episode) => episode.ticks);
  const isHeld = ({ observation: { flags } }: Tick) => flags.includes("in_contact") || flags.includes("at_limit");
  const forms = (of: readonly Tick[]): FormLikeness => {
    const cosines = of.map(({ forms }) => cosine(forms!.analytic, forms!.rollout));
    return {
      ticks: of.length,
      median: median(cosines),
      low: quantile(cosines, 0.05),
    };
  };
  return { free: forms(ticks.filter((tick) => !isHeld(tick))), held: forms(ticks.filter(isHeld)) };
}
