import { basename } from "node:path";
import type { Estimate } from "../../analysis/bootstrap.js";
import { number } from "../../numbers/format.js";
import { meanStd } from "../../numbers/mean.js";
import { median } from "../../numbers/quantile.js";
import { estimateColumns, type TableRow } from "../table.js";
import { type Findings, rowNamed, timesAs, type WorldFindings } from "./findings.js";
import { POLICY_NAMES } from "./paper.js";

/** All findings as flat tables, by the name of the file (without ending). The JSON holds the same tables. */
export function tables({ worlds }: Findings): Map<string, TableRow[]> {
  const each = (rows: (findings: WorldFindings) => TableRow[]) =>
    worlds.flatMap((findings) => rows(findings).map((row) => ({ world: findings.world, ...row })));
  return new Map([
    ["policies", each(policyRows)],
    ["table1", each(saliencyRows)],
    ["times", each(timeRows)],
    ["attacks", each(attackRows)],
    ["distillation", each(distillationRows)],
    ["claims", each(claimRows)],
  ]);
}

const policyRows = ({ policies, played }: WorldFindings): TableRow[] =>
  policies.map(({ kind, path, sha256 }) => {
    const ends = played.get(kind)!;
    const { mean, std } = meanStd(ends, ({ sum }) => sum);
    return {
      policy: POLICY_NAMES[kind],
      file: basename(path),
      policy_sha256: sha256,
      episodes: ends.length,
      successes: ends.filter(({ success }) => success).length,
      return: number(mean),
      return_std: number(std),
    };
  });

const saliencyRows = ({ rows, paper, states }: WorldFindings): TableRow[] =>
  rows.map(({ row, method, found: { estimates, pooledAuc, blank } }) => ({
    row: row.name,
    policy: POLICY_NAMES[row.policy],
    method,
    states,
    ...interval("important", estimates.important),
    ...interval("unimportant", estimates.unimportant),
    ...interval("auc", estimates.auc),
    auc_all_pixels: number(pooledAuc),
    blank_maps: blank,
    paper_important: (paper.hasTable && row.printed?.important) || null,
    paper_unimportant: paper.hasTable ? (row.printed?.unimportant ?? null) : null,
    paper_auc: (paper.hasTable && row.printed?.auc) || null,
  }));

const interval = (name: string, estimate: Estimate): TableRow => {
  const { mean, low, high } = estimateColumns(estimate);
  return { [name]: mean!, [`${name}_low`]: low!, [`${name}_high`]: high! };
};

const timeRows = (findings: WorldFindings): TableRow[] => {
  const vanilla = rowNamed(findings, "vg")?.times;
  return findings.rows.map(({ row, method, times }) => ({
    row: row.name,
    policy: POLICY_NAMES[row.policy],
    method,
    maps: times.length,
    median_ms: number(median(times)),
    least_ms: number(Math.min(...times)),
    times_vanilla_gradient: vanilla ? number(timesAs(times, vanilla)) : null,
  }));
};

const attackRows = ({ attacked }: WorldFindings): TableRow[] =>
  attacked.map(({ policy, attack, level, played }) => {
    const { mean, std } = meanStd(played, ({ sum }) => sum);
    return {
      policy: POLICY_NAMES[policy],
      attack,
      level,
      episodes: played.length,
      return: number(mean),
      return_std: number(std),
      successes: played.filter(({ success }) => success).length,
    };
  });

const distillationRows = ({ distillation }: WorldFindings): TableRow[] =>
  (distillation ?? []).map(({ episodes, successes }, round) => ({ round: round + 1, episodes, successes }));

const claimRows = ({ verdicts, robustness }: WorldFindings): TableRow[] =>
  [...verdicts, ...robustness].map(({ claim, estimate, holds }) => ({
    claim: claim.id,
    text: claim.text,
    measure: claim.measure,
    stated: claim.sign > 0 ? "> 0" : "< 0",
    ...estimateColumns(estimate),
    holds,
  }));
