import type { Change } from "../../evaluation/attention/play.js";
import { ATTENTION, RANDOM } from "../../evaluation/saliency/map-maker.js";
import { mean } from "../../numbers/mean.js";
import { differences, mapsOfKind, playedWith, worthOf } from "./estimates.js";
import type { AttentionClaim, PolicyFindings } from "./paper.js";

/** Gradient-based methods, by which Jain and Wallace measure importance. */
export const GRADIENTS = ["vanilla-gradient", "gradient-x-input", "integrated-gradients"] as const;

/** Choices: a rank correlation below this is weak; performance is kept where no more than this part of it is lost. */
export const WEAK = 0.5;
export const LOST = 0.1;

/** Area under the curve of deletion of one kind of maps less that of another. */
const deletes =
  (more: string, less: string) =>
  (policy: PolicyFindings): number[] | undefined => {
    const [a, b] = [more, less].map((kind) => mapsOfKind(policy, kind)?.deletion);
    return a && b && differences(a, b);
  };

/** What an episode loses with other attention, in parts of the mean worth, less what may be lost. */
const loses =
  (change: Change) =>
  (policy: PolicyFindings): number[] | undefined => {
    const [own, other] = [playedWith(policy, "own"), playedWith(policy, change)];
    if (!own || !other) return undefined;
    const whole = Math.abs(mean(worthOf(own)));
    if (!(whole > 0)) return undefined;
    return differences(worthOf(own), worthOf(other)).map((lost) => lost / whole - LOST);
  };

const kept = (change: Change, words: string): AttentionClaim => ({
  id: `kept_${change}`,
  text: `${words} changes little of what is achieved`,
  measure: `part of the mean return (of arms: of the successes) that is lost, less ${LOST}`,
  sign: -1,
  unit: "number",
  of: loses(change),
});

/** Jain and Wallace's statements as tests, and two about which map tells more. */
export const LOVERING_CLAIMS: readonly AttentionClaim[] = [
  {
    id: "weakly_correlated",
    text: "Attention is only weakly correlated with gradient-based importance",
    measure: `rank correlation with ${GRADIENTS.join(", ")}, the highest, less ${WEAK}`,
    sign: -1,
    unit: "rank correlation",
    of(policy) {
      const all = GRADIENTS.flatMap((kind) => mapsOfKind(policy, kind) ?? []);
      if (all.length === 0) return undefined;
      const highest = all.reduce((a, b) => (mean(b.correlation) > mean(a.correlation) ? b : a));
      return highest.correlation.map((value) => value - WEAK);
    },
  },
  kept("permuted", "Permuted attention"),
  kept("uniform", "Uniform attention"),
  kept("swapped", "Another tick’s attention"),
  {
    id: "attention_matters",
    text: "Removing what is attended to changes the command more than removing pixels in random order",
    measure: "area under the curve of deletion, random order less attention",
    sign: 1,
    unit: "number",
    of: deletes(RANDOM, ATTENTION),
  },
  {
    id: "relevance_matters_more",
    text: "Removing what relevance (dtd) names changes the command more than removing what is attended to",
    measure: "area under the curve of deletion, attention less dtd",
    sign: 1,
    unit: "number",
    of: deletes(ATTENTION, "dtd"),
  },
];
