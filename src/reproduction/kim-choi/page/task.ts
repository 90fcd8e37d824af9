import type { Estimate } from "../../../analysis/bootstrap.js";
import { breakable } from "../../../analysis/page/parts.js";
import { percent, plural, signed, significant } from "../../../numbers/format.js";
import { own } from "../../../own.js";
import { type Html, html, table } from "../../../page/html.js";
import { CONVENTIONS } from "../../../policy/conventions.js";
import type { Verdict } from "../../verdict.js";
import { sharesByConvention } from "../convention-shares.js";
import type { MeanOverTicks } from "../course.js";
import {
  type AnywhereFindings,
  DEFAULT_CONVENTION,
  measuredBy,
  type SetFindings,
  type TaskFindings,
} from "../findings.js";
import { METHODS, PAPER_TASKS } from "../paper.js";
import { ofRow, rowsOf } from "../share-rows.js";
import { anywhereShown, anywhereVerdicts } from "./anywhere.js";
import { alphaPart, massPart, picturesPart, sanityPart } from "./heatmaps.js";
import { policiesLine, setHead, setShare, setShown, setVerdicts } from "./set.js";
import { type Shown, shownFrom } from "./shown.js";

/** Section of a task. */
export function taskSection(
  findings: TaskFindings,
  svgs: ReadonlyMap<string, string>,
  sets: readonly SetFindings[],
  anywhere: AnywhereFindings | undefined,
): Html {
  const others = sets.map((set) => ({ findings: set, shown: setShown(set, svgs) }));
  const { task, policy, joints, conditions, episodes, successes, medianError } = findings;
  return html`<section><h2>${task}</h2>
<p>As we ship: policy ${policy.sha256.slice(0, 12)}…, commands ${joints.join(", ")}; ${plural(episodes, "episode")} in the conditions ${conditions.join(", ")}: ${successes} succeeded, median distance from the goal at the end ${significant(1000 * medianError)} mm.</p>
${sets.map(policiesLine)}
${PARTS.map(
  (
    part,
  ) => html`${part(findings, shownFrom(findings, svgs), others, anywhere && { findings: anywhere, shown: anywhereShown(anywhere, svgs) })}
`,
)}</section>`;
}

/** Policies that were trained otherwise, and their figures. */
interface SetPart {
  readonly findings: SetFindings;
  readonly shown: ReturnType<typeof setShown>;
}

/** A policy that was trained with goals anywhere, and its figures. */
interface AnywherePart {
  readonly findings: AnywhereFindings;
  readonly shown: readonly Html[];
}

/** The parts of a task's section, in their order. */
const PARTS: readonly ((
  findings: TaskFindings,
  shown: Shown,
  sets: readonly SetPart[],
  anywhere: AnywherePart | undefined,
) => Html)[] = [
  sharesPart,
  conventionsPart,
  overTimePart,
  changePart,
  verdictsPart,
  picturesPart,
  sanityPart,
  massPart,
  alphaPart,
];

function sharesPart(
  { task, modalities, measured, residual }: TaskFindings,
  shown: Shown,
  sets: readonly SetPart[],
): Html {
  const paper = own(PAPER_TASKS, task)?.image;
  const stated: Readonly<Record<string, number | undefined>> = {
    image: paper,
    configuration: paper === undefined ? undefined : 1 - paper,
  };
  const courses = METHODS.map((method) => measuredBy(measured, method, DEFAULT_CONVENTION).courses);
  return html`<h3>Shares (their Fig. 4)</h3>
${sets.map((set) => set.shown("fig4"))}
${shown("fig4")}
${table(
  [
    "modality",
    "paper",
    ...sets.flatMap((set) => setHead(set.findings)),
    ...METHODS.map((method) => (sets.length > 0 ? `${method}, as we ship` : method)),
  ],
  rowsOf(modalities).map((name) => [
    breakable(name),
    rounded(own(stated, name)),
    ...sets.flatMap((set) => METHODS.map((method) => setShare(set.findings, method, name))),
    ...courses.map((course) => meanAndStd(ofRow(course, modalities, name))),
  ]),
)}
<p class="note">Mean ± standard deviation over ticks${sets.map(({ findings }) => `; ${findings.set}: over episodes of all seeds`)}. Conservation residual at most ${Object.entries(residual).map(([method, most], i) => `${i > 0 ? ", " : ""}${significant(most)} (${method})`)}, under every convention.</p>`;
}

const meanAndStd = ({ mean, std }: MeanOverTicks): string => `${percent(mean)} ± ${percent(std)}`;

function conventionsPart(findings: TaskFindings, shown: Shown): Html {
  const ratios = sharesByConvention(findings);
  return html`<h3>Shares under every convention</h3>
${shown("conventions")}
${table(
  ["convention", "method", "image", "position", "velocity", "ticks", "within ten points of the paper"],
  ratios.map(({ convention, method, image, position, velocity, isNear }) => [
    convention,
    method,
    meanAndStd(image),
    meanAndStd(position),
    meanAndStd(velocity),
    image.ticks,
    isNear === undefined ? "–" : yesNo(isNear, "yes", "no"),
  ]),
  2,
)}`;
}

function overTimePart(_: TaskFindings, shown: Shown, sets: readonly SetPart[]): Html {
  return html`<h3>Over the episode (their Fig. 5)</h3>
${sets.map((set) => set.shown("fig5"))}
${shown("fig5")}`;
}

function changePart(
  { change, period, episodes }: TaskFindings,
  shown: Shown,
  sets: readonly SetPart[],
  anywhere?: AnywherePart,
): Html {
  const { windows, successes } = change;
  return html`<h3>A moving target (their Fig. 6)</h3>
<p>At ${(windows.at * period).toFixed(2)} s (dotted) the target moves to a place between those of the training, a different one in each episode; ${successes} of ${plural(episodes, "episode")} succeeded there.${
    successes < episodes / 2
      ? " This policy hardly follows a moving target: the figures show its reaction to images that it was not trained on."
      : ""
  }${anywhere ? ` With goals anywhere: another policy, trained to follow goals anywhere; ${anywhere.findings.change.successes} of ${plural(anywhere.findings.episodes, "episode")} succeeded there.` : ""}</p>
${sets.map((set) => set.shown("fig6"))}
${shown("fig6")}
${anywhere?.shown}`;
}

function verdictsPart(
  { measured, change, agreement }: TaskFindings,
  _: Shown,
  sets: readonly SetPart[],
  anywhere?: AnywherePart,
): Html {
  const by = (method: string, convention: string) =>
    [measured, change.measured].flatMap((all) => measuredBy(all, method, convention).verdicts);
  const claims = by(METHODS[0], DEFAULT_CONVENTION).map(({ claim }) => claim);
  const conventions = CONVENTIONS.map(({ name }) => name);
  const ofSets = sets.flatMap((set) => METHODS.map((method) => setVerdicts(set.findings, method)));
  const ofAnywhere = anywhere && METHODS.map((method) => anywhereVerdicts(anywhere.findings, method));
  const agreeing = agreement.find(({ convention }) => convention === DEFAULT_CONVENTION)!.verdicts;
  return html`<h3>What the paper says</h3>
<p>Each statement is measured by one number per episode. It holds if the 95 % interval of the mean over episodes (bootstrap) lies wholly on the stated side. A recovery holds only if the reaction before it holds.${sets.length > 0 ? " Where policies differ in their seed alone, the episodes of all count together; “alone” counts the policies in which it holds by their own episodes." : ""}</p>
${table(
  [
    "the paper says",
    "measured",
    "stated",
    ...sets.flatMap((set) => setHead(set.findings)),
    ...METHODS.map((method) => (sets.length > 0 || anywhere ? `${method}, as we ship` : method)),
    ...(anywhere ? METHODS.map((method) => `${method}, goals anywhere`) : []),
  ],
  claims.map((claim, c) => [
    claim.text,
    claim.measure,
    claim.sign > 0 ? "> 0" : "< 0",
    ...ofSets.map((all) => setVerdictCell(all[c]!)),
    ...METHODS.map((method) => verdictCell(by(method, DEFAULT_CONVENTION)[c]!)),
    ...(ofAnywhere ?? []).map((all) => {
      const verdict = all.find((one) => one.claim.id === claim.id);
      return verdict ? verdictCell(verdict) : "–";
    }),
  ]),
  3,
)}
${table(
  ["methods agree in trend", "stated", "rank correlation"],
  agreeing.map((verdict) => [verdict.claim.text, "> 0", verdictCell(verdict)]),
  2,
)}
<p class="note">Under every convention: means over episodes. Their intervals are in claims.csv.</p>
${METHODS.map(
  (method) => html`<h4>Under every convention, by ${method}</h4>
${table(
  ["the paper says", ...conventions],
  claims.map((claim, c) => [claim.text, ...conventions.map((name) => shortVerdict(by(method, name)[c]!))]),
)}`,
)}
<h4>Agreement under every convention</h4>
${table(
  ["methods agree in trend", ...conventions],
  agreeing.map((verdict, pair) => [
    verdict.claim.text,
    ...agreement.map(({ verdicts }) => shortVerdict(verdicts[pair]!)),
  ]),
)}`;
}

function verdictCell({ claim, estimate, holds }: Verdict): Html {
  return html`${yesNo(holds, "holds", "does not hold")}<br>${estimated(estimate, claim.unit)}`;
}

function setVerdictCell({ verdict, holding, policies }: ReturnType<typeof setVerdicts>[number]): Html {
  return html`${verdictCell(verdict)}<br>alone in ${holding} of ${policies}`;
}

const shortVerdict = ({ claim, estimate, holds }: Verdict): Html =>
  html`${yesNo(holds, "holds", "no")} ${estimated({ ...estimate, interval: undefined }, claim.unit)}`;

function estimated({ mean, interval }: Estimate, unit: Verdict["claim"]["unit"]): string {
  const shown = (value: number) =>
    unit === "points" ? `${value < 0 ? "−" : ""}${Math.abs(100 * value).toFixed(1)}` : signed(value, 2);
  if (Number.isNaN(mean)) return "nothing to measure";
  const range = interval ? ` (${shown(interval[0])} to ${shown(interval[1])})` : "";
  return `${shown(mean)}${unit === "points" ? " pts" : ""}${range}`;
}

const yesNo = (is: boolean, yes: string, no: string) =>
  html`<span class="${is ? "yes" : "no"}">${is ? yes : no}</span>`;

const rounded = (share: number | undefined): string => (share === undefined ? "–" : `${Math.round(100 * share)} %`);
