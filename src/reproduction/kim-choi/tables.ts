import { number } from "../../numbers/format.js";
import { own } from "../../own.js";
import { CONVENTIONS } from "../../policy/conventions.js";
import { estimateColumns, type TableRow } from "../table.js";
import type { Verdict } from "../verdict.js";
import { atTick, GROUPS } from "./course.js";
import type { DistractorFindings } from "./distractors.js";
import type { AnywhereFindings, Findings, Measured, SetFindings, TaskFindings } from "./findings.js";
import type { GoalsRow } from "./goals.js";
import { goalsName } from "./goals-figure.js";
import { METHODS, PAPER_TASKS } from "./paper.js";
import { PARTS } from "./relevance-mass.js";
import { SET_NAMES, SETS } from "./sets.js";
import { meanOverEpisodes, ofGroup, ofModality, rowsOf } from "./share-rows.js";

/** All findings as flat tables, by the name of the file (without ending). The JSON holds the same tables. */
export function tables({ tasks, sets, anywhere, goals }: Findings): Map<string, TableRow[]> {
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
    ...SET_NAMES.flatMap((name) =>
      setTables(
        SETS[name].tables,
        sets.filter((set) => set.name === name),
      ),
    ),
    ["goals_anywhere_policies", anywhere.map(anywhereRow)],
    ["goals_anywhere_claims", anywhere.flatMap(anywhereClaimRows)],
    ["goals_anywhere_target_change", anywhere.flatMap(anywhereCourseRows)],
    [
      "distractors",
      [
        ...tasks.flatMap(({ task, distractors }) => distractors.map((one) => distractorRow(task, "as shipped", one))),
        ...sets.flatMap(({ task, set, policies, distractors }) =>
          distractors.flatMap((all, p) =>
            all.map((one) => distractorRow(task, `${set}, seed ${policies[p]!.seed}`, one)),
          ),
        ),
      ],
    ],
    ["goals", (goals ?? []).flatMap(goalRowsOf)],
  ]);
}

/** Tables about policies that were trained alike. @param prefix of their names */
const setTables = (prefix: string, sets: readonly SetFindings[]): [string, TableRow[]][] => [
  [`${prefix}_policies`, sets.flatMap(setPolicyRows)],
  [`${prefix}_shares`, sets.flatMap(setShareRows)],
  [`${prefix}_claims`, sets.flatMap(setClaimRows)],
  [`${prefix}_over_time`, sets.flatMap((set) => setCourseRows(set, set.measured))],
  [`${prefix}_target_change`, sets.flatMap((set) => setCourseRows(set, set.change.measured))],
];

const distractorRow = (task: string, policy: string, found: DistractorFindings): TableRow => ({
  task,
  policy,
  distractor: found.look,
  episodes: found.episodes,
  successes_fixed: found.successes.fixed,
  successes_moved: found.successes.moved,
  relevance: number(found.relevance),
  area: number(found.area),
});

const anywhereRow = ({ task, sha256, episodes, change }: AnywhereFindings): TableRow => ({
  task,
  policy_sha256: sha256,
  episodes,
  successes_target_changed: change.successes,
});

const anywhereClaimRows = ({ task, change }: AnywhereFindings): TableRow[] =>
  change.measured.flatMap(({ method, convention, verdicts }) =>
    verdicts.map((verdict) => ({ task, ...claimRow(method, convention, verdict) })),
  );

const anywhereCourseRows = (found: AnywhereFindings): TableRow[] =>
  courseRows(found, found.change.measured).map((row) => ({ task: found.task, ...row }));

const setPolicyRows = ({ task, policies, episodesEach }: SetFindings): TableRow[] =>
  policies.map(({ seed, sha256, successes, changedSuccesses }) => ({
    task,
    seed,
    policy_sha256: sha256,
    episodes: episodesEach,
    successes,
    successes_target_changed: changedSuccesses,
  }));

const setShareRows = ({ task, measured, mass, modalities }: SetFindings): TableRow[] =>
  measured.flatMap(({ method, courses }) => [
    ...rowsOf(modalities).map((name): TableRow => {
      const { mean, std } = meanOverEpisodes(courses, modalities, name);
      return { task, method, of: name, mean: number(mean), std_over_episodes: number(std), episodes: courses.length };
    }),
    ...PARTS.map((part): TableRow => {
      const { relevance } = mass.find((one) => one.method === method)!;
      return {
        task,
        method,
        of: `image's relevance on ${part}`,
        mean: number(relevance[part]),
        episodes: courses.length,
      };
    }),
  ]);

const setClaimRows = ({ task, measured, change }: SetFindings): TableRow[] =>
  [...measured, ...change.measured].flatMap(({ method, verdicts, each }) =>
    verdicts.map(({ claim, estimate, holds }, c) => ({
      task,
      claim: claim.id,
      text: claim.text,
      stated: claim.sign > 0 ? "> 0" : "< 0",
      method,
      ...estimateColumns(estimate),
      holds,
      policies: each.length,
      policies_alone: each.filter((own) => own[c]!.holds).length,
    })),
  );

const setCourseRows = (set: SetFindings, measured: readonly Measured[]): TableRow[] =>
  courseRows(set, measured).map((row) => ({ task: set.task, ...row }));

const goalRowsOf = ({ goals, seed, episodes, successes, method, claims, ...shares }: GoalsRow): TableRow[] =>
  shares.image.map((image, part) => ({
    goals: goalsName(goals),
    seed,
    episodes,
    successes,
    method,
    tenth: part + 1,
    image,
    position: shares.position[part]!,
    velocity: shares.velocity[part]!,
    ...Object.fromEntries(Object.entries(claims).map(([claim, { mean }]) => [claim, mean])),
  }));

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

const claimRow = (method: string, convention: string, { claim, estimate, holds }: Verdict): TableRow => ({
  claim: claim.id,
  text: claim.text,
  measure: claim.measure,
  stated: claim.sign > 0 ? "> 0" : "< 0",
  method,
  convention,
  ...estimateColumns(estimate),
  holds,
});

function claimRows({ measured, change, agreement }: TaskFindings): TableRow[] {
  const all = [...measured, ...change.measured];
  return [
    ...all.flatMap(({ method, convention, verdicts }) =>
      verdicts.map((verdict) => claimRow(method, convention, verdict)),
    ),
    ...agreement.flatMap(({ convention, verdicts }) =>
      verdicts.map((verdict) => claimRow(METHODS.join(" "), convention, verdict)),
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
