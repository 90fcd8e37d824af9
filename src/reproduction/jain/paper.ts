import type { Claim } from "../verdict.js";

/** What Jain et al. (2022) report. Their figures have no numbers in the text; it says which modality counts most. */

export const CITATION =
  "V. Jain, J. S. Tamarapalli, S. Yerramilli and Y. Bisk, MAEA: Multimodal Attribution for Embodied AI, 2022";

export const MODALITIES = ["language", "image", "previous_action"] as const;
export type Modality = (typeof MODALITIES)[number];

/** Norms that reduce a modality's elements to one number (§3). */
export const POOLS = ["l2", "linf", "l1", "l1/d", "l2/d"] as const;
export type Pool = (typeof POOLS)[number];

/** What is explained (Appendix B), the paper's choice first. */
export const TARGETS = ["likely", "expert", "loss", "logits"] as const;
export type Target = (typeof TARGETS)[number];

export const TARGET_NAMES: Readonly<Record<Target, string>> = {
  likely: "most likely action",
  expert: "expert’s action",
  loss: "loss",
  logits: "all logits",
};

/** Trained or as random weights have it. */
export const KINDS = ["random", "trained"] as const;
export type Kind = (typeof KINDS)[number];

/** Shares of an episode: the mean over its steps, which add up to 1. */
export type Shares = Readonly<Record<Modality, number>>;

/** A statement of the paper on the shares of a kind of an architecture, one number an episode. */
export interface ShareClaim {
  readonly architecture: string;
  readonly kind: Kind;
  readonly claim: Claim;
  of(shares: Shares): number;
}

const claimed = (
  architecture: string,
  kind: Kind,
  text: string,
  measure: string,
  of: ShareClaim["of"],
): ShareClaim => ({
  architecture,
  kind,
  claim: { id: `${architecture}-${kind}-${measure.replace(/\W+/g, "-")}`, text, measure, sign: 1, unit: "points" },
  of,
});

const others = (shares: Shares, modality: Modality): number =>
  Math.max(...MODALITIES.filter((other) => other !== modality).map((other) => shares[other]));

const most = (modality: Modality) => (shares: Shares) => shares[modality] - others(shares, modality);

/** §4: which modality has most before and after training. */
export const SHARE_CLAIMS: readonly ShareClaim[] = [
  claimed(
    "seq2seq",
    "random",
    "Baseline begins with most on the previous action",
    "previous action less 50 %",
    (s) => s.previous_action - 0.5,
  ),
  claimed(
    "moca",
    "random",
    "MOCA begins with most on the previous action",
    "previous action less 50 %",
    (s) => s.previous_action - 0.5,
  ),
  claimed(
    "et",
    "random",
    "ET begins with very little on language",
    "least of image and previous action less language",
    (s) => Math.min(s.image, s.previous_action) - s.language,
  ),
  claimed(
    "hitut",
    "random",
    "HiTUT begins balanced: no modality below 20 %",
    "least share less 20 %",
    (s) => Math.min(s.language, s.image, s.previous_action) - 0.2,
  ),
  claimed(
    "seq2seq",
    "trained",
    "Baseline prefers the image after training",
    "image less the larger of the others",
    most("image"),
  ),
  claimed(
    "moca",
    "trained",
    "MOCA prefers language after training",
    "language less the larger of the others",
    most("language"),
  ),
  claimed("et", "trained", "ET strongly prefers the image after training", "image less 50 %", (s) => s.image - 0.5),
  claimed(
    "hitut",
    "trained",
    "HiTUT prefers the image after training",
    "image less the larger of the others",
    most("image"),
  ),
  claimed(
    "hitut",
    "trained",
    "HiTUT stays balanced: no modality below 20 %",
    "least share less 20 %",
    (s) => Math.min(s.language, s.image, s.previous_action) - 0.2,
  ),
];
