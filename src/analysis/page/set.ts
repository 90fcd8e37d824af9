import { percent, plural, significant } from "../../numbers/format.js";
import { draw } from "../../page/draw.js";
import { figure, type Html, html, table } from "../../page/html.js";
import type { Details } from "../details.js";
import { METRIC_ROWS } from "../metrics.js";
import type { Ranking } from "../ranking.js";
import type { Survey } from "../survey.js";
import { bars, curves } from "./charts.js";
import { lookHere, momentStrips } from "./moments.js";
import { breakable, legendOf, runFacts, stripOf, torqueTable } from "./parts.js";

const ORIGINS: Readonly<Record<string, string>> = {
  policy: "the policy's own origin",
  corner: "the image corner",
  mean: "their mean",
};

/** More runs than that are in the JSON, not in the page's table. */
const LISTED_RUNS = 200;

/** All about one set of runs. @param prefix of the anchors, and a sign that there are several sets */
export async function setSection(survey: Survey, ranking: Ranking, details: Details, prefix: string): Promise<Html> {
  const { identity, runs, episode } = survey;
  const { modalities } = identity;
  const chart = bars([{ name: survey.name, modalities }], (_, m) => survey.shares()[m]!);
  const spread =
    runs.length > 1 ? `standard deviation between the ${runs.length} runs` : "standard deviation over ticks";
  const events: Html[] = [];
  for (const { event, curves: aligned } of survey.alignments) {
    events.push(
      html`<h3>Around ${event.text}</h3>${
        aligned.curves === 0
          ? html`<p>It happens in no run.</p>`
          : figure(
              await draw(curves(aligned, modalities, "time from the event, s", 0)),
              `Shares around ${event.text}: mean of ${plural(aligned.curves, "event")}, band: ± one standard deviation.`,
            )
      }`,
    );
  }
  return html`<section>${prefix ? html`<h2>${survey.name}</h2>` : ""}
<p>Method <b>${identity.method}</b>; policy ${identity.policySha256.slice(0, 12)}…; commands ${identity.joints.join(", ")}. Relevance is measured against: ${modalities.map((modality, m) => `${modality} ${identity.references[m] || "not stated"}`).join(", ")}; feature points from ${ORIGINS[identity.featurePoints] ?? identity.featurePoints}. Other references give other shares.</p>
${lookHere(survey, ranking, details, prefix)}
<h2>Shares</h2>
${figure(await draw(chart), `Mean share of each modality; whiskers: ${spread}.`)}
${table(
  ["modality", "mean", "std"],
  modalities.map((modality, m) => {
    const { mean, std } = survey.shares()[m]!;
    return [modality, percent(mean), percent(std)];
  }),
)}
<h3>What each torque was based on</h3>
${torqueTable(survey.torques(), modalities)}
<h2>Over the episode</h2>
${figure(
  await draw(curves(episode, modalities, "% of the episode")),
  `Shares over per cent of the episode: mean of ${plural(runs.length, "run")}${runs.length > 1 ? ", band: ± one standard deviation between runs" : ""}.`,
)}
${table(
  ["modality", ...[0, 25, 50, 75, 100].map((at) => `at ${at} %`)],
  modalities.map((modality, m) => [modality, ...[0, 25, 50, 75, 100].map((at) => percent(episode.at(at, m).mean))]),
)}
${events}
<h2>Runs</h2>
${runTable(survey, ranking, details, prefix)}
${legendOf(details.runs.map(({ strip }) => strip))}
${details.runs.map((detail) => {
  const run = runs[detail.run]!;
  return html`<h3 id="${prefix}run-${detail.run}">${run.name}</h3>
<p>${runFacts(run)}</p>
${figure(detail.overTime, "Shares over time, of all torques together weighted by importance; pale where the tick does not count.")}
${stripOf(detail.strip)}
<h4>Each torque</h4>
<div class="joints">${detail.perJoint.map(({ joint, svg }) => figure(svg, joint))}</div>
${torqueTable(run.torques, modalities)}`;
})}
${momentStrips(survey, ranking, details, prefix)}
</section>`;
}

/** Runs, the most unusual first. */
function runTable({ runs, identity }: Survey, ranking: Ranking, details: Details, prefix: string): Html {
  const shown = new Set(details.runs.map(({ run }) => run));
  const listed = ranking.runs.slice(0, LISTED_RUNS);
  const scored = listed.some(({ score }) => Number.isFinite(score));
  return html`<p class="note">${
    scored
      ? "The most unusual first: score is the distance of the run's mean shares from the median run, in robust standard deviations, for the modality named."
      : "Fewer than five runs: their means are not compared with each other; runs with the most unusual moments come first."
  }${ranking.runs.length > listed.length ? ` The first ${listed.length} of ${ranking.runs.length}; all are in --json.` : ""}</p>
${table(
  [
    "run",
    ...(scored ? ["by", "score"] : []),
    ...METRIC_ROWS.flatMap(([, { page }]) => page?.headings(identity).map(breakable) ?? []),
  ],
  listed.map(({ run: index, score, modality }) => {
    const run = runs[index]!;
    const name = shown.has(index) ? html`<a href="#${prefix}run-${index}">${run.name}</a>` : run.name;
    return [
      name,
      ...(scored ? [modality ?? "–", significant(score)] : []),
      ...METRIC_ROWS.flatMap(([metric, { page }]) => page?.cells(run[metric]) ?? []),
    ];
  }),
  scored ? 2 : 1,
)}`;
}
