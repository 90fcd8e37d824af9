import { type Estimate, estimate } from "../analysis/bootstrap.js";

/** A statement of a paper as a test. */
export interface Claim {
  readonly id: string;
  /** What the paper says. */
  readonly text: string;
  /** What is measured, one number an episode. */
  readonly measure: string;
  /** Sign of the measure by the statement. */
  readonly sign: 1 | -1;
  readonly unit: "points" | "rank correlation" | "number";
}

/** A claim tested on a set of episodes. */
export interface Verdict {
  readonly claim: Claim;
  readonly estimate: Estimate;
  /** True where the 95 % interval over episodes lies wholly on the stated side, and the claim that it needs holds. */
  readonly holds: boolean;
}

/** A claim's verdict by its measure, one value an episode. */
export function verdict(claim: Claim, values: readonly number[]): Verdict {
  const found = estimate(values);
  const { interval } = found;
  const holds = interval !== undefined && (claim.sign > 0 ? interval[0] > 0 : interval[1] < 0);
  return { claim, estimate: found, holds };
}
