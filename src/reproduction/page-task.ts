import type { Estimate } from "../analysis/bootstrap.js";
import { type Html, html, table } from "../analysis/html.js";
import { breakable, percent, plural, significant } from "../analysis/page-parts.js";
import { CONVENTIONS } from "../policy/conventions.js";
import type { Verdict } from "./claims.js";
import { ofModality } from "./figures.js";
import { measuredBy, type TaskFindings } from "./findings.js";
import { alphaPart, massPart, picturesPart, sanityPart } from "./page-heatmaps.js";
import { METHODS } from "./paper.js";
import { ratiosOf } from "./ratios.js";
import { USUAL } from "./reproduce.js";

/** Draws a figure by its name. */
export type FigureOf = (name: string, description: string) => Html;

/** All about one task. */
export function taskSection(findings: TaskFindings, figureOf: FigureOf): Html {
  const { task, policy, joints, conditions, episodes, successes, medianError } = findings;
  return html`<section><h2>${task}</h2>
<p>Policy ${policy.sha256.slice(0, 12)}…, commands ${joints.join(", ")}; ${plural(episodes, "episode")} in the conditions ${conditions.join(", ")}: ${successes} succeeded, median distance from the goal at the end ${significant(1000 * medianError)} mm.</p>
${sharesPart(findings, figureOf)}
${conventionsPart(findings, figureOf)}
${overTimePart(findings, figureOf)}
${changePart(findings, figureOf)}
${verdictsPart(findings)}
${picturesPart(findings)}
${sanityPart(findings, figureOf)}
${massPart(findings)}
${alphaPart(findings)}
</section>`;
}

function sharesPart({ task, modalities, measured, residual }: TaskFindings, figureOf: FigureOf): Html {
  return html`<h3>Shares (their Fig. 4)</h3>
${figureOf(`fig4-${task}`, "Mean share of each modality along the trajectories; whiskers: standard deviation over ticks.")}
${table(
  ["modality", ...METHODS],
  modalities.map((modality, m) => [
    breakable(modality),
    ...METHODS.map((method) => {
      const { mean, std } = ofModality(measuredBy(measured, method, USUAL).courses, m);
      return `${percent(mean)} ± ${percent(std)}`;
    }),
  ]),
)}
<p class="note">Conservation residual at most ${Object.entries(residual).map(([method, most], i) => `${i > 0 ? ", " : ""}${significant(most)} (${method})`)}.</p>`;
}

function conventionsPart(findings: TaskFindings, figureOf: FigureOf): Html {
  const ratios = ratiosOf(findings);
  return html`<h3>The same under other conventions</h3>
${figureOf(`conventions-${findings.task}`, "The image’s share under each convention; whiskers: standard deviation over ticks; dashed: the paper’s.")}
${table(
  ["convention", "method", "image", "position", "velocity", "within ten points of the paper"],
  ratios.map(({ convention, method, image, position, velocity, isNear }) => [
    convention,
    method,
    percent(image.mean),
    percent(position.mean),
    percent(velocity.mean),
    isNear === undefined ? "–" : yesNo(isNear, "yes", "no"),
  ]),
  2,
)}`;
}

function overTimePart({ task }: TaskFindings, figureOf: FigureOf): Html {
  return html`<h3>Over the episode (their Fig. 5)</h3>
${METHODS.map((method) => figureOf(`fig5-${task}-${method}`, `Shares over time by ${method}: mean over episodes, band: ± one standard deviation. Configuration is all but the image. Ticks that count in less than a quarter of the episodes are left out.`))}`;
}

function changePart({ task, change, period, episodes }: TaskFindings, figureOf: FigureOf): Html {
  const { windows, successes } = change;
  return html`<h3>A target that moves (their Fig. 6)</h3>
<p>At ${(windows.at * period).toFixed(2)} s (dotted) the target moves to a place between those that the policy was trained on, another in each episode; ${successes} of ${plural(episodes, "episode")} succeeded there.${
    successes < episodes / 2
      ? " This policy hardly follows a target that moves: what is seen here is its reaction to an image that it was not trained on."
      : ""
  }</p>
${METHODS.map((method) => figureOf(`fig6-${task}-${method}`, `Shares by ${method} where the target moves.`))}`;
}

function verdictsPart({ measured, change, agreement }: TaskFindings): Html {
  const usual = METHODS.map((method) => [
    ...measuredBy(measured, method, USUAL).verdicts,
    ...measuredBy(change.measured, method, USUAL).verdicts,
  ]);
  const [first] = METHODS;
  const others = CONVENTIONS.map(({ name }) => [
    ...measuredBy(measured, first, name).verdicts,
    ...measuredBy(change.measured, first, name).verdicts,
  ]);
  const claims = usual[0]!.map(({ claim }) => claim);
  return html`<h3>What the paper says</h3>
<p>Each statement is a number an episode; it holds where the 95 % interval of its mean over episodes (bootstrap) lies wholly on the stated side.</p>
${table(
  ["the paper says", "measured", "stated", ...METHODS],
  claims.map((claim, c) => [
    claim.text,
    claim.measure,
    claim.sign > 0 ? "> 0" : "< 0",
    ...usual.map((verdicts) => verdictCell(verdicts[c]!)),
  ]),
  3,
)}
${table(
  ["three methods agree in trend", "stated", "rank correlation"],
  agreement.map((verdict) => [verdict.claim.text, "> 0", verdictCell(verdict)]),
  2,
)}
<h4>Under every convention, by ${first}</h4>
${table(
  ["the paper says", ...CONVENTIONS.map(({ name }) => name)],
  claims.map((claim, c) => [claim.text, ...others.map((verdicts) => shortVerdict(verdicts[c]!))]),
)}`;
}

function verdictCell({ claim, estimate, holds }: Verdict): Html {
  return html`${yesNo(holds, "holds", "does not hold")}<br>${estimated(estimate, claim.unit)}`;
}

const shortVerdict = ({ claim, estimate, holds }: Verdict): Html =>
  html`${yesNo(holds, "holds", "no")} ${estimated({ ...estimate, interval: undefined }, claim.unit)}`;

function estimated({ mean, interval }: Estimate, unit: Verdict["claim"]["unit"]): string {
  const shown = (value: number) =>
    unit === "points"
      ? `${value < 0 ? "−" : ""}${Math.abs(100 * value).toFixed(1)}`
      : value.toFixed(2).replace("-", "−");
  if (Number.isNaN(mean)) return "nothing to measure";
  const range = interval ? ` (${shown(interval[0])} to ${shown(interval[1])})` : "";
  return `${shown(mean)}${unit === "points" ? " pts" : ""}${range}`;
}

const yesNo = (is: boolean, yes: string, no: string) =>
  html`<span class="${is ? "yes" : "no"}">${is ? yes : no}</span>`;
