import { spearman } from "../../analysis/similarity.js";
import { mean } from "../../numbers/mean.js";
import { type Claim, type Verdict, verdict } from "../verdict.js";
import { type ChangeWindows, COURSE_CLAIMS, changeClaims, type MeasuredClaim } from "./claims.js";
import type { Course } from "./course.js";

/** Tests claims on episodes. */
export function verdicts(claims: readonly MeasuredClaim[], courses: readonly Course[]): Verdict[] {
  const alone = claims.map(({ of, needs: _, ...claim }) => verdict(claim, courses.map(of)));
  return alone.map((found, c) => {
    const { needs } = claims[c]!;
    const needed = alone.find(({ claim }) => claim.id === needs);
    return needed ? { ...found, holds: found.holds && needed.holds } : found;
  });
}

/** Tests the paper's statements on episodes, or on episodes whose target changes where windows are given. */
export const verdictsOf = (courses: readonly Course[], windows?: ChangeWindows): Verdict[] =>
  verdicts(windows ? changeClaims(windows) : COURSE_CLAIMS, courses);

/** Agreement of two methods in trend: mean over the groups of the rank correlation of their shares, one an episode. */
export function agreement(a: readonly Course[], b: readonly Course[], names: readonly [string, string]): Verdict {
  const groups = ["image", "position", "velocity"] as const;
  const claim: Claim = {
    id: `agree_${names.join("_")}`,
    text: `${names.join(" and ")} agree in trend`,
    measure: "rank correlation of their shares over the episode, mean of image, position and velocity",
    sign: 1,
    unit: "rank correlation",
  };
  return verdict(
    claim,
    a.map((course, e) => mean(groups, (group) => commonTrend(course.ratios[group], b[e]!.ratios[group]))),
  );
}

/** Rank correlation over the ticks that both know. */
function commonTrend(x: Float64Array, y: Float64Array): number {
  const common = Array.from(x.keys()).filter((tick) => !Number.isNaN(x[tick]!) && !Number.isNaN(y[tick]!));
  return spearman(
    common.map((tick) => x[tick]!),
    common.map((tick) => y[tick]!),
  );
}
