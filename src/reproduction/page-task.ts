import type { Estimate } from "../analysis/bootstrap.js";
import { figure, type Html, html, table } from "../analysis/html.js";
import { breakable, percent, plural, significant } from "../analysis/page-parts.js";
import { CONVENTIONS } from "../policy/conventions.js";
import type { Verdict } from "./claims.js";
import { ofModality } from "./figures.js";
import { measuredBy, type TaskFindings } from "./findings.js";
import { PARTS } from "./mass.js";
import { METHODS } from "./paper.js";
import type { Pictured } from "./picture.js";
import { ratiosOf } from "./ratios.js";
import { USUAL } from "./reproduce.js";

/** Draws a figure by its name. */
type FigureOf = (name: string, description: string) => Html;

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

function changePart({ task, change: { windows }, period }: TaskFindings, figureOf: FigureOf): Html {
  return html`<h3>A target that moves (their Fig. 6)</h3>
<p>At ${(windows.at * period).toFixed(2)} s (dotted) the target moves to a place between those that the policy was trained on, another in each episode.</p>
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

function picturesPart({ pictures, modalities, period }: TaskFindings): Html {
  return html`<h3>Where it looks (their Fig. 3)</h3>
${pictures.map(
  (pictured) => html`<h4>${pictured.condition}, ${(pictured.tick * period).toFixed(2)} s</h4>
<div class="row">${figure(pictured.camera.svg, "Camera image, feature points ringed")}${pictured.heatmaps.map(
    ({ method, panel }) => figure(panel.svg, `Heatmap by ${method}`),
  )}</div>
${elementsTable(pictured, modalities)}`,
)}`;
}

/** Relevance of each element of the configuration, of all of the configuration's. */
function elementsTable({ heatmaps }: Pictured, modalities: readonly string[]): Html {
  const values = modalities.filter((name) => heatmaps[0]!.explanation.relevance[name] !== undefined);
  const parts = heatmaps.map(({ explanation: { relevance } }) => {
    const all = values.flatMap((name) => Array.from(relevance[name]!, Math.abs));
    const sum = all.reduce((total, value) => total + value, 0);
    return (name: string) =>
      Array.from(relevance[name]!, (value) => ((100 * Math.abs(value)) / sum).toFixed(0)).join(" · ");
  });
  return table(
    ["% of the configuration’s relevance, element by element", ...heatmaps.map(({ method }) => method)],
    values.map((name) => [breakable(name), ...parts.map((part) => part(name))]),
  );
}

function sanityPart({ task, collapse, cascade }: TaskFindings, figureOf: FigureOf): Html {
  return html`<h3>What the heatmaps depend on</h3>
<p>Alike heatmaps of different torques say nothing of the single torque (Sixt et al. 2020). Heatmaps that stay the same when layers are drawn anew from the torques on do not depend on those layers (Adebayo et al. 2018).</p>
${table(
  ["heatmaps of two torques", "cosine", "least alike pair", "rank correlation", "structural similarity", "pairs"],
  collapse.map(({ method, collapse: { cosine, leastCosine, spearman, ssim, pairs } }) => [
    method,
    cosine.toFixed(3),
    leastCosine.toFixed(3),
    spearman.toFixed(3),
    ssim.toFixed(3),
    pairs,
  ]),
)}
${figureOf(`cascade-${task}`, "Rank correlation of heatmaps with the policy’s, as its layers are drawn anew one after another.")}
${table(
  ["drawn anew down to", ...METHODS],
  cascade[0]!.steps.map(({ layer }, step) => [layer, ...cascade.map(({ steps }) => steps[step]!.spearman.toFixed(3))]),
)}`;
}

function massPart({ mass }: TaskFindings): Html {
  return html`<h3>On what the image’s relevance lies</h3>
${table(
  ["method", ...PARTS, "ticks"],
  [
    ...mass.map(({ method, mass: { relevance, ticks } }) => [
      method,
      ...PARTS.map((part) => percent(relevance[part])),
      ticks,
    ]),
    ["part of the image’s area", ...PARTS.map((part) => percent(mass[0]!.mass.area[part])), mass[0]!.mass.ticks],
  ],
)}`;
}

function alphaPart({ alpha: { weighted, free, held } }: TaskFindings): Html {
  return html`<h3>Importance α, by ${METHODS[0]}</h3>
${table(
  ["α", "image", "position", "velocity", "image share of a tick differs by (mean)", "(at most)"],
  weighted.map(({ weighting, groups, difference }) => [
    weighting,
    percent(groups.image.mean),
    percent(groups.position.mean),
    percent(groups.velocity.mean),
    percent(difference.mean),
    percent(difference.max),
  ]),
)}
<p class="note">Cosine similarity of α by rollouts and by the analytic form: ${[
    ["moving freely", free] as const,
    ["in contact or at a limit", held] as const,
  ]
    .map(([where, { ticks, median, low }]) =>
      ticks === 0
        ? `${where} never`
        : `${where} ${median.toFixed(4)} at the median, ${low.toFixed(4)} at the 5 % quantile (${plural(ticks, "tick")})`,
    )
    .join("; ")}.</p>`;
}
