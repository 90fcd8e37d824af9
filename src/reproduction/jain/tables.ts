import { estimate } from "../../analysis/bootstrap.js";
import { number } from "../../numbers/format.js";
import { estimateColumns, type TableRow } from "../table.js";
import { agreementOf, EFFECTS, type Effect, lossesOf, pointsOf, type Weighed, weighedOf } from "./agreement.js";
import { episodeShares, type Findings } from "./findings.js";
import { focusCentre, type StepFound } from "./measure.js";
import { KINDS, type Kind, MODALITIES, POOLS, TARGETS } from "./paper.js";

/** Tables of the reproduction by name. */
export function tables({ architectures }: Findings): Map<string, readonly TableRow[]> {
  const shares: TableRow[] = [];
  const steps: TableRow[] = [];
  const regions: TableRow[] = [];
  const verdicts: TableRow[] = [];
  for (const { name, random, trained, verdicts: found } of architectures) {
    const kinds: (readonly [Kind, number | null, readonly (readonly StepFound[])[]])[] = [
      ...random.map((episodes, seed) => ["random", seed, episodes] as const),
      ...(trained ? [["trained", null, trained.episodes] as const] : []),
    ];
    for (const [kind, seed, episodes] of kinds) {
      for (const target of TARGETS)
        for (const pool of POOLS) {
          const all = episodes.flatMap((one) => episodeShares(one, target, pool) ?? []);
          for (const modality of MODALITIES)
            shares.push({
              architecture: name,
              kind,
              seed,
              target,
              pool,
              modality,
              ...estimateColumns(estimate(all.map((one) => 100 * one[modality]))),
            });
        }
    }
    trained?.episodes.forEach((one, episode) => {
      for (const step of one) {
        const centre = focusCentre(step);
        steps.push({
          architecture: name,
          episode,
          step: step.step,
          percent: number((100 * step.step) / step.length),
          interacts: step.interacts,
          right: step.right,
          ...Object.fromEntries(
            MODALITIES.map((modality) => [`l2_${modality}`, number(step.sizeOf("likely", modality, "l2"))]),
          ),
          focus_centre: Number.isFinite(centre) ? number(centre) : null,
        });
      }
    });
    for (const { episode, step, right, overlap, chance } of trained?.regions ?? [])
      regions.push({ architecture: name, episode, step, right, overlap: number(overlap), chance: number(chance) });
    for (const { claim, estimate: measured, holds } of found)
      verdicts.push({
        architecture: name,
        claim: claim.id,
        text: claim.text,
        measure: claim.measure,
        holds,
        ...estimateColumns(measured),
      });
  }
  const policies = weighedOf(architectures);
  const worth = policies.flatMap((policy) =>
    MODALITIES.map((modality) => ({
      architecture: policy.architecture,
      kind: policy.kind,
      seed: policy.seed ?? null,
      modality,
      share: pointsOf(policy, "likely", "l2", "changes").find((point) => point.modality === modality)!.share,
      ...Object.fromEntries(
        Object.keys(EFFECTS).flatMap((effect) => {
          const { mean, interval } = estimate(lossesOf(policy, effect as Effect, modality));
          return [
            [effect, number(mean)],
            [`${effect}_low`, interval ? number(interval[0]) : null],
            [`${effect}_high`, interval ? number(interval[1]) : null],
          ];
        }),
      ),
    })),
  );
  return new Map([
    ["worth", worth],
    ["agreement", agreementRows(policies)],
    ["shares", shares],
    ["steps", steps],
    ["regions", regions],
    ["verdicts", verdicts],
  ]);
}

/** Rank correlations of shares with losses: of each kind of policies, target, norm and loss. */
const agreementRows = (policies: readonly Weighed[]): TableRow[] =>
  KINDS.flatMap((kind) => {
    const own = policies.filter((policy) => policy.kind === kind);
    if (own.length === 0) return [];
    return TARGETS.flatMap((target) =>
      POOLS.flatMap((pool) =>
        (Object.keys(EFFECTS) as Effect[]).flatMap((effect) => {
          const found = agreementOf(own, target, pool, effect);
          if (found.policies === 0) return [];
          const { correlation, interval } = found;
          return [
            {
              ...{ kind, target, pool, effect, policies: found.policies, rank_correlation: number(correlation) },
              low: interval ? number(interval[0]) : null,
              high: interval ? number(interval[1]) : null,
            },
          ];
        }),
      ),
    );
  });
