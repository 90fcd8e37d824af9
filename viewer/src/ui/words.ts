import type { ExplanationFlag } from "#src/explain/explanation.js";
import type { ExplanationMessage } from "#src/messages/types.js";
import { meaningOf, type OutputWords, ratherThan } from "#src/outputs/kinds.js";

/** What flags of an explanation's message mean, in a sentence (docs/topics.md). */
const flagsOf = ({ noun, plural }: OutputWords): Readonly<Record<ExplanationFlag | "episode_start", string>> => ({
  idle: `at rest: almost no ${noun}, so there is nothing to explain`,
  not_finite: "relevance is not a number; do not trust this tick",
  not_conserving: `relevance does not add up to the ${plural}; do not trust this tick`,
  empty_pool: `a rule found no contribution of the ${noun}'s sign and used the others`,
  deadline_missed: "the explanation took longer than its budget",
  importance_unknown: "all joints count the same, because the arm's dynamics are not known",
  in_contact: "the arm touches something",
  at_limit: "a joint is at its limit",
  limit_clipped: `a ${noun} was clipped to the robot's limits`,
  velocity_differentiated: "a velocity is a difference of positions",
  joint_position_assumed: "a joint is in no joint state; its position is assumed",
  mixed_joint_states: "several publishers send different states of the same joints",
  mixed_images: "several cameras publish on one topic",
  torque_differs: `the second method's ${noun} is not that of the first`,
  unknown_words: "the instruction has words that the policy does not know",
  episode_start: "an episode begins",
});

/** @param words for what is explained */
export function flagText(flag: string, words: OutputWords): string {
  const texts = flagsOf(words);
  return Object.hasOwn(texts, flag) ? texts[flag as keyof typeof texts] : flag;
}

/** Flags of ticks whose numbers mean little or nothing. */
export const isGrave = (flag: string): boolean => flag === "not_finite" || flag === "not_conserving";

/**
 * Methods whose map of the image hardly depends on the torque: measured for the first three (docs/reproduction.md); the
 * fourth has the rule of dtd.
 */
const SAME_MAP = /^(dtd|rap|guided-backprop|excitation-backprop)\b/;

/** Methods whose heatmaps of two torques cannot be contrasted (docs/contrast.md). */
const NO_CONTRAST =
  /^(dtd|rap|excitation-backprop|guided-backprop|deconvnet|vanilla-gradient|grad-cam|attention|perturbation|sarfa|xrai)(:|$)/;

export const cannotContrast = (method: string): boolean => NO_CONTRAST.test(method);

/** What the heatmap of an explanation is evidence for. @param all words for the sum of all outputs */
export function heatmapSubject(
  explanation: Pick<ExplanationMessage, "heatmap_joint" | "contrast_joint" | "against_joint" | "torques">,
  all: string,
): string {
  const { heatmap_joint: alone, contrast_joint: contrast, against_joint: against, torques } = explanation;
  return contrast
    ? `evidence for ${ratherThan(contrast, against, torques.map(meaningOf))}`
    : `heatmap for ${alone || all}`;
}

/** What a method's heatmap cannot show, where a single torque is chosen; empty where there is nothing to say. */
export const mapCaution = (method: string, { noun, plural }: OutputWords): string =>
  SAME_MAP.test(method)
    ? `With this method the heatmaps of two ${plural} look nearly the same: read from it where the policy looks, not which ${noun} it is for. The shares do differ.`
    : "";
