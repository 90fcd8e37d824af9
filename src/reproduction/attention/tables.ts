import { basename } from "node:path";
import { estimate } from "../../analysis/bootstrap.js";
import { MEASURES } from "../../evaluation/saliency/measures.js";
import { number } from "../../numbers/format.js";
import { mean, meanStd } from "../../numbers/mean.js";
import { estimateColumns, type TableRow } from "../table.js";
import { worthOf } from "./estimates.js";
import type { AttentionFindings, PolicyFindings } from "./paper.js";

/** All findings as flat tables, by the name of the file (without ending). The JSON holds the same tables. */
export function tables({ policies, verdicts }: AttentionFindings): Map<string, TableRow[]> {
  const each = (rows: (found: PolicyFindings) => TableRow[]) =>
    policies.flatMap((found) =>
      rows(found).map((row) => ({ task: found.policy.task, policy: found.policy.name, ...row })),
    );
  return new Map<string, TableRow[]>([
    ["policies", each(policyRows)],
    ["maps", each(mapRows)],
    ["deletion", each(curveRows)],
    ["learning", each(learningRows)],
    [
      "claims",
      Array.from(verdicts, ([policy, all]) =>
        all.map(({ claim, estimate: found, holds }) => ({
          policy,
          claim: claim.id,
          text: claim.text,
          measure: claim.measure,
          stated: claim.sign > 0 ? "> 0" : "< 0",
          ...estimateColumns(found),
          holds,
        })),
      ).flat(),
    ],
  ]);
}

const policyRows = ({ policy, played }: PolicyFindings): TableRow[] =>
  played.map(({ change, success, errors, moved, ...rest }) => {
    const { mean: worth, std } = meanStd(worthOf({ change, success, errors, moved, ...rest }));
    return {
      file: basename(policy.path),
      policy_sha256: policy.sha256,
      attention: policy.attention,
      recipe: policy.recipe,
      change,
      episodes: success.length,
      successes: success.filter(Boolean).length,
      worth: number(worth),
      worth_std: number(std),
      error_mm: errors.length > 0 ? number(1000 * mean(errors)) : null,
      moved: moved.length > 0 ? number(mean(moved)) : null,
    };
  });

function mapRows({ maps, refused }: PolicyFindings): TableRow[] {
  const rows = maps.map((found) => ({
    maps: found.kind,
    moments: found.moments,
    ...Object.assign(
      {},
      ...MEASURES.map((name) => ({
        ...named(name, found.measures[name]),
        [`${name}_undefined`]: found.undefined[name],
      })),
    ),
    ...named("correlation", found.correlation),
    ...named("deletion", found.deletion),
  }));
  return [...rows, ...refused.map(({ kind, refused: why }) => ({ maps: kind, refused: why }))];
}

function named(name: string, values: readonly number[]): TableRow {
  const { mean: middle, low, high } = estimateColumns(estimate(values));
  return { [name]: middle!, [`${name}_low`]: low!, [`${name}_high`]: high! };
}

const curveRows = ({ maps }: PolicyFindings): TableRow[] =>
  maps.flatMap(({ kind, curve }) =>
    curve.map((value, step) => ({ maps: kind, removed: number((step + 1) / curve.length), kept: number(value) })),
  );

const learningRows = ({ policy: { learning } }: PolicyFindings): TableRow[] =>
  (learning?.points ?? []).map(({ at, success }) => ({ axis: learning!.axis, at, success: number(success) }));
