import { ATTENTION, RANDOM } from "../../evaluation/saliency/map-maker.js";
import type { Measure } from "../../evaluation/saliency/measures.js";
import { mean } from "../../numbers/mean.js";
import { differences, mapsOfKind, playedWith, worthOf } from "./estimates.js";
import { LOST } from "./lovering-claims.js";
import type { AttentionClaim, PolicyFindings } from "./paper.js";

/** A measure of the policy's own attention, less that of another map. */
const beyond =
  (measure: Measure, than: string) =>
  (policy: PolicyFindings): number[] | undefined => {
    const [own, other] = [ATTENTION, than].map((kind) => mapsOfKind(policy, kind)?.measures[measure]);
    return own && other && differences(own, other);
  };

const better = (measure: Measure, name: string, sign: 1 | -1): AttentionClaim => ({
  id: `${measure}_better_than_random`,
  text: `Attention is closer to what matters than a random map (${name})`,
  measure: `${name} of attention less that of a random map`,
  sign,
  unit: "number",
  of: beyond(measure, RANDOM),
});

/** The paper's statements as tests. */
export const NIKULIN_CLAIMS: readonly AttentionClaim[] = [
  {
    id: "free_lunch",
    text: "The policy with attention achieves as much as the one without",
    measure: `part of the other’s mean return (of arms: of its successes) that is lost, less ${LOST}`,
    sign: -1,
    unit: "number",
    of(policy, baseline) {
      const [own, other] = [playedWith(policy, "own"), baseline && playedWith(baseline, "own")];
      if (!own || !other) return undefined;
      const whole = Math.abs(mean(worthOf(other)));
      if (!(whole > 0)) return undefined;
      return differences(worthOf(other), worthOf(own)).map((lost) => lost / whole - LOST);
    },
  },
  better("nss", "NSS", 1),
  better("kl", "KL divergence", -1),
  better("sauc", "shuffled AUC", 1),
];
