import { LEVELS } from "./explanation.js";
import type { ExplanationMessage, RelevanceRatiosMessage } from "./types.js";

/** Shares in single precision sum to 1 up to rounding. */
const MOST = 1.001;

/**
 * Why an explanation cannot be one of ours, in words: shares that are no shares, or not one a modality; undefined where all
 * is well. Shares are NaN at the level `skip`, and where relevance is not finite.
 */
export function explanationProblem({
  level,
  flags,
  modalities,
  shares,
  torques,
}: ExplanationMessage): string | undefined {
  if (!Object.values(LEVELS).includes(level))
    return `found level ${level}, expected ${Object.values(LEVELS).join(", ")}`;
  if (new Set(modalities).size < modalities.length) return "found two modalities of one name";
  const isOpen = level === LEVELS.skip || flags.includes("not_finite");
  for (const [name, values] of [["shares", shares], ...torques.map((of) => [`shares of ${of.joint}`, of.shares])] as [
    string,
    Float32Array,
  ][]) {
    if (values.length !== modalities.length)
      return `found an explanation with ${values.length} ${name}, expected ${modalities.length}, one a modality`;
    const odd = isOpen ? undefined : values.find((value) => !isShare(value));
    if (odd !== undefined) return `found ${odd} among the ${name}, expected 0 to 1`;
  }
  return undefined;
}

/** As `explanationProblem`. All ratios are NaN where the level is `skip`. */
export function ratiosProblem({ image, position, velocity }: RelevanceRatiosMessage): string | undefined {
  const ratios = [image, position, velocity];
  if (ratios.every(Number.isNaN)) return undefined;
  const odd = ratios.find((value) => !isShare(value));
  return odd === undefined ? undefined : `found the ratio ${odd}, expected 0 to 1`;
}

const isShare = (value: number): boolean => value >= 0 && value <= MOST;
