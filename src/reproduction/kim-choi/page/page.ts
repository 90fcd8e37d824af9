import { percent, plural } from "../../../numbers/format.js";
import { own } from "../../../own.js";
import { type Html, html, pageOf, table } from "../../../page/html.js";
import { CONVENTIONS } from "../../../policy/conventions.js";
import type { Verdict } from "../../verdict.js";
import { type ConventionShares, sharesByConvention } from "../convention-shares.js";
import {
  type AnywhereFindings,
  DEFAULT_CONVENTION,
  type Findings,
  measuredBy,
  type SetFindings,
  type TaskFindings,
} from "../findings.js";
import { CITATION, METHODS, NEAR, PAPER_TASKS } from "../paper.js";
import { SET_NAMES, SETS } from "../sets.js";
import { meanOverEpisodes } from "../share-rows.js";
import { anywhereVerdicts } from "./anywhere.js";
import { distractorsSection } from "./distractors.js";
import { goalsSection } from "./goals.js";
import { setVerdicts } from "./set.js";
import { taskSection } from "./task.js";

/**
 * The reproduction as one self-contained HTML page: no network, no script.
 * @param svgs the figures by name
 */
export function page(findings: Findings, svgs: ReadonlyMap<string, string>): string {
  const { tasks, sets, anywhere, goals, missing, workload } = findings;
  const kinds = SET_NAMES.filter((name) => sets.some((set) => set.name === name));
  const content = html`<h1>Kim and Choi’s figures, from torquelens’ policies</h1>
<p>${CITATION}. Their policies are not published. These are torquelens’ own policies for the same tasks, so trends can be compared, values cannot. Those <em>as we ship</em> were taught to look.${kinds.length > 0 ? html` Some tasks have others beside them:${kinds.map((name, i) => html`${i > 0 ? "," : ""} <em>${SETS[name].words}</em> (${SETS[name].how})`)}.` : ""} The paper’s Baxter task is one of a real robot, ours of a simulated one of its kinematics. A share is a modality’s part of the relevance Σ|R| of the torques, weighted by importance α; the image’s is measured where its features join the rest. Idle ticks (almost no torque) do not count. Methods: ${METHODS.join(", ")}.</p>
${missing.map(({ task, why }) => html`<p class="note">Not in this run: ${task} (${why}).</p>`)}
<p class="note">${plural(workload.perCondition, "episode")} in each condition, seed ${workload.seed}.${
    workload.stride > 1 ? ` Conventions other than ${DEFAULT_CONVENTION}: one tick in ${workload.stride}.` : ""
  } Other importance factors: one tick in ${workload.alphaStride}.${
    workload.perCondition < 2
      ? " This is a quick run: with one episode per condition the verdicts on trends mean little."
      : ""
  }</p>
<h2>Image : configuration</h2>
${summaryTable(findings)}
${tasks.map((task) => html`<p>${inWords(task.task, sharesByConvention(task))}</p>`)}
<h2>Which of the paper’s statements hold</h2>
<p>Number of the ${METHODS.length} methods by which a statement holds, under ${DEFAULT_CONVENTION}. Numbers and intervals are with each task below.</p>
${holdsTable(findings, [DEFAULT_CONVENTION])}
<p>Number of the ${METHODS.length * CONVENTIONS.length} combinations of a method and a convention by which it holds.</p>
${holdsTable(
  findings,
  CONVENTIONS.map(({ name }) => name),
)}
${goals && goalsSection(goals, svgs.get(GOALS_FIGURE)!)}
${distractorsSection(findings)}
<h2>Conventions</h2>
<p>The reference that relevance is measured from is a choice, and affects the shares more than the task does. No convention changes the torques. The scale of an input has no effect: the weights behind it undo it. Normalisation only decides where zero lies.</p>
${table(
  ["convention", "normalisation", "reference of joints and end effector", "origin of feature points"],
  CONVENTIONS.map(({ name, normalisation, configuration, points }) => [
    name === DEFAULT_CONVENTION ? `${name} (torquelens’ default)` : name,
    normalisation === "inside" ? "inside the policy: physical units" : "outside: standardised inputs",
    configuration === "zero" ? "0 rad, 0 rad/s, 0 m" : "their mean over these episodes",
    ORIGINS[points],
  ]),
  4,
)}
${tasks.map((task) =>
  taskSection(
    task,
    svgs,
    sets.filter((set) => set.task === task.task),
    anywhere.find((one) => one.task === task.task),
  ),
)}`;
  return pageOf("torquelens: Kim and Choi reproduced", MORE_STYLE, content);
}

/** Name of the file of the chart of `goalsSection`. */
export const GOALS_FIGURE = "goals";

const ORIGINS = {
  policy: "the image centre, as in the policy",
  corner: "the image corner",
  mean: "their mean over these episodes",
} as const;

function summaryTable({ tasks, sets }: Findings): Html {
  return table(
    ["policy", "paper", ...METHODS.map((method) => `${method}, ${DEFAULT_CONVENTION}`), "all conventions", "success"],
    tasks.flatMap((findings) => {
      const paper = own(PAPER_TASKS, findings.task)?.image;
      const stated = paper === undefined ? "–" : pair(paper);
      const ofTask = sets.filter(({ task }) => task === findings.task);
      const ratios = sharesByConvention(findings);
      const usual = ratios.filter(({ convention }) => convention === DEFAULT_CONVENTION);
      const means = ratios.map(({ image }) => image.mean);
      const shipped = [
        ofTask.length > 0 ? `${findings.task}, as we ship` : findings.task,
        stated,
        ...usual.map(({ image }) => pair(image.mean)),
        `${percent(Math.min(...means))} to ${percent(Math.max(...means))}`,
        `${findings.successes} of ${findings.episodes}`,
      ];
      const trained = ofTask.map((set) => [
        `${findings.task}, ${set.set}`,
        stated,
        ...METHODS.map((method) => pairWithDeviation(set, method)),
        "",
        `${set.successes} of ${set.episodes}`,
      ]);
      return [...trained, shipped];
    }),
  );
}

/** Number of methods by which each statement holds, under some conventions. */
function holdsTable({ tasks, sets, anywhere }: Findings, conventions: readonly string[]): Html {
  const isUsual = conventions.length === 1;
  const setsOf = (task: TaskFindings) => (isUsual ? sets.filter((set) => set.task === task.task) : []);
  const ofAnywhere = (task: TaskFindings) => (isUsual ? anywhere.find((one) => one.task === task.task) : undefined);
  const verdicts = tasks.map(({ measured, change }) =>
    conventions.flatMap((convention) =>
      METHODS.map((method) =>
        [measured, change.measured].flatMap((all) => measuredBy(all, method, convention).verdicts),
      ),
    ),
  );
  const claims = verdicts[0]?.[0]?.map(({ claim }) => claim) ?? [];
  const pairs = tasks.map(({ agreement }) =>
    agreement.filter(({ convention }) => conventions.includes(convention)).flatMap((one) => one.verdicts),
  );
  /** Statements about a moving target alone are tested on a policy that was trained with goals anywhere. */
  const holdingOf = (other: AnywhereFindings, claim: string) => {
    const own = METHODS.flatMap((method) => anywhereVerdicts(other, method).filter((one) => one.claim.id === claim));
    return own.length > 0 ? holding(own) : "–";
  };
  const holding = (all: readonly Verdict[]) => count(all.filter(({ holds }) => holds).length, all.length);
  return table(
    [
      "the paper says",
      ...tasks.flatMap((each) => [
        ...setsOf(each).map(({ set }) => `${each.task}, ${set}`),
        setsOf(each).length > 0 || ofAnywhere(each) ? `${each.task}, as we ship` : each.task,
        ...(ofAnywhere(each) ? [`${each.task}, goals anywhere`] : []),
      ]),
    ],
    [
      ...claims.map(({ id, text }, c) => [
        text,
        ...tasks.flatMap((each, t) => {
          const shipped = holding(verdicts[t]!.map((own) => own[c]!));
          const other = ofAnywhere(each);
          return [
            ...setsOf(each).map((set) => holding(METHODS.map((method) => setVerdicts(set, method)[c]!.verdict))),
            shipped,
            ...(other ? [holdingOf(other, id)] : []),
          ];
        }),
      ]),
      [
        "Methods agree in trend (pairs)",
        ...tasks.flatMap((each, t) => [
          ...setsOf(each).map(() => "–"),
          holding(pairs[t]!),
          ...(ofAnywhere(each) ? ["–"] : []),
        ]),
      ],
    ],
  );
}

const count = (holding: number, of: number): Html =>
  html`<span class="${holding === of ? "yes" : holding === 0 ? "no" : "some"}">${holding} of ${of}</span>`;

function pairWithDeviation({ measured, modalities }: SetFindings, method: string): string {
  const { mean, std } = meanOverEpisodes(measuredBy(measured, method, DEFAULT_CONVENTION).courses, modalities, "image");
  return `${pair(mean)} (± ${percent(std)})`;
}

const pair = (image: number) =>
  Number.isNaN(image) ? "–" : `${Math.round(100 * image)} : ${100 - Math.round(100 * image)}`;

/** Says which methods and conventions reproduce the paper's ratio of a task. */
export function inWords(task: string, ratios: readonly ConventionShares[]): string {
  const paper = own(PAPER_TASKS, task);
  if (!paper) return `${task}: the paper has no such task.`;
  const stated = `The paper reports ${pair(paper.image)} for ${paper.name}`;
  const near = ratios.filter(({ isNear }) => isNear);
  const within = `within ${Math.round(100 * NEAR)} points`;
  if (near.length === 0) {
    const closest = ratios.reduce((a, b) =>
      Math.abs(b.image.mean - paper.image) < Math.abs(a.image.mean - paper.image) ? b : a,
    );
    return `${task}: ${stated}. No method is ${within} of it under any convention; closest is ${pair(closest.image.mean)} (${closest.method}, ${closest.convention}).`;
  }
  const named = near.map(({ method, convention, image }) => `${method} under ${convention} (${pair(image.mean)})`);
  return `${task}: ${stated}. ${within[0]!.toUpperCase()}${within.slice(1)} of it: ${named.join(", ")}; the other ${ratios.length - near.length} of ${ratios.length} combinations are not.`;
}

const MORE_STYLE = `
.row { display: flex; flex-wrap: wrap; gap: 0.5rem; break-inside: avoid; }
.row figure { margin: 0; width: 206px; }
.yes { color: var(--good); } .no { color: var(--bad); }
td .yes, td .no { white-space: nowrap; }
`;
