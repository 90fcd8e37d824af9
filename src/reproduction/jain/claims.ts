import { type Claim, type Verdict, verdict } from "../verdict.js";
import { episodeAgreement } from "./agreement.js";
import { episodeShares } from "./findings.js";
import { focusCentre, type StepFound } from "./measure.js";
import { KINDS, SHARE_CLAIMS } from "./paper.js";
import type { StepWorth } from "./without.js";

/** Verdicts on what the paper says of an architecture's shares (L2, most likely action) and of its focus on words. */
export function verdictsOf(
  architecture: string,
  random: readonly (readonly StepFound[])[],
  trained: readonly (readonly StepFound[])[] | undefined,
): Verdict[] {
  const shares = SHARE_CLAIMS.filter((claim) => claim.architecture === architecture).flatMap(({ kind, claim, of }) => {
    const episodes = kind === "random" ? random : trained;
    if (episodes === undefined) return [];
    const values = episodes.flatMap((steps) => {
      const found = episodeShares(steps, "likely", "l2");
      return found ? [of(found)] : [];
    });
    return [verdict(claim, values)];
  });
  if (architecture !== "moca" || trained === undefined) return shares;
  return [...shares, verdict(MOVING, trained.filter((steps) => steps.length > 1).map(focusShift))];
}

const MOVING: Claim = {
  id: "moca-focus",
  text: "MOCA’s focus on the words moves on as the episode does (Fig. 3)",
  measure: "focus centre in an episode’s second half less that in its first",
  sign: 1,
  unit: "number",
};

function focusShift(steps: readonly StepFound[]): number {
  const half = steps.length / 2;
  const mean = (some: readonly StepFound[]) => some.reduce((sum, step) => sum + focusCentre(step), 0) / some.length;
  return mean(steps.filter(({ step }) => step >= half)) - mean(steps.filter(({ step }) => step < half));
}

type Steps = readonly [episodes: readonly (readonly StepFound[])[], worth: readonly (readonly StepWorth[])[]];

/** Verdicts on whether what is attributed more is missed more, one a kind; it is not the paper's statement but its premise. */
export function worthVerdicts(
  architecture: string,
  kinds: Readonly<Record<"random", Steps>> & Readonly<Record<"trained", Steps | undefined>>,
): Verdict[] {
  return KINDS.flatMap((kind) => {
    const steps = kinds[kind];
    if (steps === undefined) return [];
    const [episodes, worth] = steps;
    const claim: Claim = {
      id: `${architecture}-${kind}-worth`,
      text: `Not in the paper: what has more of the attribution is missed more when it is taken away, ${kind}`,
      measure: "rank correlation of L2 norms with falls of the likeliest action’s probability, mean of a step",
      sign: 1,
      unit: "rank correlation",
    };
    return [
      verdict(
        claim,
        episodes.map((one, i) => episodeAgreement(one, worth[i]!)),
      ),
    ];
  });
}
