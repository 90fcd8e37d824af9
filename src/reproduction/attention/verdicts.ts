import { type Verdict, verdict } from "../verdict.js";
import type { AttentionPaper, PolicyFindings } from "./paper.js";

/** The policy of the same task without attention. */
const baselineOf = (
  { policy: { task } }: PolicyFindings,
  policies: readonly PolicyFindings[],
): PolicyFindings | undefined => policies.find(({ policy }) => policy.task === task && policy.attention === "none");

/** Verdicts on the policies with attention by their name; a claim that cannot be tested on one is left out. */
export function verdictsOf(
  { claims }: AttentionPaper,
  policies: readonly PolicyFindings[],
): ReadonlyMap<string, readonly Verdict[]> {
  const withAttention = policies.filter(({ policy }) => policy.attention !== "none");
  return new Map(
    withAttention.map((found) => [
      found.policy.name,
      claims.flatMap(({ of, ...claim }) => {
        const values = of(found, baselineOf(found, policies));
        return values ? [verdict(claim, values)] : [];
      }),
    ]),
  );
}
