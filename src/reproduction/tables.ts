import type { Estimate } from "../analysis/bootstrap.js";
import { quoted } from "../analysis/csv.js";
import { number } from "../numbers/format.js";
import { own } from "../own.js";
import { CONVENTIONS } from "../policy/conventions.js";
import { atTick, GROUPS } from "./course.js";
import type { Findings, Measured, TaskFindings } from "./findings.js";
import { METHODS, PAPER_TASKS } from "./paper.js";
import { PARTS } from "./relevance-mass.js";
import { ofGroup, ofModality } from "./share-rows.js";
import type { Verdict } from "./verdicts.js";

/** A row of a table by column; null is unknown. */
export type TableRow = Readonly<Record<string, string | number | boolean | null>>;

/** All findings as flat tables, by the name of the file (without ending). The JSON holds the same tables. */
export function tables({ tasks }: Findings): Map<string, TableRow[]> {
  const each = (rows: (findings: TaskFindings) => TableRow[]) =>
    tasks.flatMap((findings) => rows(findings).map((row) => ({ task: findings.task, ...row })));
  return new Map([
    ["tasks", each(taskRows)],
    ["shares", each(shareRows)],
    ["over_time", each(({ measured, ...rest }) => courseRows(rest, measured))],
    ["target_change", each(({ change, ...rest }) => courseRows(rest, change.measured))],
    ["claims", each(claimRows)],
    ["relevance_mass", each(massRows)],
    ["torques_alike", each(torqueRows)],
    ["randomised", each(cascadeRows)],
    ["importance", each(alphaRows)],
  ]);
}

const taskRows = (findings: TaskFindings): TableRow[] => [
  {
    policy_sha256: findings.policy.sha256,
    episodes: findings.episodes,
    successes: findings.successes,
    successes_target_changed: findings.change.successes,
    median_error_m: number(findings.medianError),
    conditions: findings.conditions.join(" "),
    ticks: findings.ticks,
    period_s: findings.period,
    paper_image: own(PAPER_TASKS, findings.task)?.image ?? null,
    ...Object.fromEntries(
      Object.entries(findings.residual).map(([method, most]) => [`residual_max_${method}`, number(most)]),
    ),
  },
];

function shareRows({ measured, modalities }: TaskFindings): TableRow[] {
  return measured.flatMap(({ method, convention, courses }) => {
    const { normalisation, configuration, points } = CONVENTIONS.find(({ name }) => name === convention)!;
    const key = { method, convention, normalisation, configuration_from: configuration, points_from: points };
    const row = (what: string, { mean, std, ticks }: ReturnType<typeof ofGroup>): TableRow => ({
      ...key,
      of: what,
      mean: number(mean),
      std: number(std),
      ticks,
    });
    return [
      ...modalities.map((modality, m) => row(modality, ofModality(courses, m))),
      ...GROUPS.filter((group) => !modalities.includes(group)).map((group) => row(group, ofGroup(courses, group))),
    ];
  });
}

function courseRows(
  { modalities, ticks, period }: Pick<TaskFindings, "modalities" | "ticks" | "period">,
  measured: readonly Measured[],
): TableRow[] {
  return measured.flatMap(({ method, convention, courses }) =>
    Array.from({ length: ticks }, (_, tick) => {
      const at = (m: number) => atTick(courses, tick, ({ shares }, t) => shares[t * modalities.length + m]!);
      const columns = modalities.flatMap((modality, m) => {
        const { mean, std } = at(m);
        return [
          [modality, number(mean)],
          [`${modality}_std`, number(std)],
        ] as const;
      });
      const count = courses.filter(({ ratios }) => !Number.isNaN(ratios.image[tick]!)).length;
      return { method, convention, seconds: number(tick * period), ...Object.fromEntries(columns), episodes: count };
    }).filter(({ episodes }) => episodes > 0),
  );
}

const estimateColumns = ({ mean, interval, count }: Estimate): TableRow => ({
  mean: number(mean),
  low: interval ? number(interval[0]) : null,
  high: interval ? number(interval[1]) : null,
  episodes: count,
});

function claimRows({ measured, change, agreement }: TaskFindings): TableRow[] {
  const row = (method: string, convention: string, { claim, estimate, holds }: Verdict): TableRow => ({
    claim: claim.id,
    text: claim.text,
    measure: claim.measure,
    stated: claim.sign > 0 ? "> 0" : "< 0",
    method,
    convention,
    ...estimateColumns(estimate),
    holds,
  });
  const all = [...measured, ...change.measured];
  return [
    ...all.flatMap(({ method, convention, verdicts }) => verdicts.map((verdict) => row(method, convention, verdict))),
    ...agreement.flatMap(({ convention, verdicts }) =>
      verdicts.map((verdict) => row(METHODS.join(" "), convention, verdict)),
    ),
  ];
}

const massRows = ({ mass }: TaskFindings): TableRow[] =>
  mass.flatMap(({ method, convention, mass: { relevance, area, ticks } }) =>
    PARTS.map((part) => ({
      method,
      convention,
      part,
      relevance: number(relevance[part]),
      area: number(area[part]),
      ticks,
    })),
  );

const torqueRows = ({ torqueLikeness }: TaskFindings): TableRow[] =>
  torqueLikeness.map(({ method, convention, torqueLikeness: { cosine, leastCosine, spearman, ssim, pairs } }) => ({
    method,
    convention,
    cosine: number(cosine),
    least_cosine: number(leastCosine),
    spearman: number(spearman),
    ssim: number(ssim),
    pairs,
  }));

const cascadeRows = ({ cascade }: TaskFindings): TableRow[] =>
  cascade.flatMap(({ method, convention, steps }) =>
    steps.map(({ layer, cosine, spearman, ssim }, step) => ({
      method,
      convention,
      step: step + 1,
      down_to: layer,
      cosine: number(cosine),
      spearman: number(spearman),
      ssim: number(ssim),
    })),
  );

const alphaRows = ({ alpha: { weighted, free, held } }: TaskFindings): TableRow[] => [
  ...weighted.map(({ weighting, convention, groups, difference }) => ({
    weighting,
    method: METHODS[0],
    convention,
    ...Object.fromEntries(GROUPS.map((group) => [group, number(groups[group].mean)])),
    image_difference_mean: number(difference.mean),
    image_difference_max: number(difference.max),
  })),
  ...Object.entries({ free, held }).map(([where, { ticks, median, low }]) => ({
    weighting: `cosine of rollout and analytic, ${where === "free" ? "moving freely" : "in contact or at a limit"}`,
    ticks,
    cosine_median: number(median),
    cosine_p5: number(low),
  })),
];

/** CSV (RFC 4180) with a header line; a cell is empty if its row has no such column. */
export function csv(rows: readonly TableRow[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value: TableRow[string] | undefined) =>
    typeof value === "string" ? quoted(value) : String(value ?? "");
  const line = (row: TableRow) => names.map((name) => cell(own(row, name))).join(",");
  return [names.join(","), ...rows.map(line), ""].join("\n");
}
