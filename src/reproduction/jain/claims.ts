import { type Claim, type Verdict, verdict } from "../verdict.js";
import { episodeShares } from "./findings.js";
import { focusCentre, type StepFound } from "./measure.js";
import { SHARE_CLAIMS } from "./paper.js";

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
