import { significant } from "../../numbers/format.js";
import { areTorques, doingOf, wordsOf } from "../../outputs/kinds.js";
import { own } from "../../own.js";
import { type Html, html, table } from "../../page/html.js";
import type { SetFindings } from "../findings.js";
import { METRIC_ROWS } from "../metrics.js";
import type { Ranking } from "../ranking.js";
import type { Survey } from "../survey.js";
import { EVENT_CHARTS, figures, SET_CHARTS } from "./charts.js";
import { conventionSection } from "./conventions.js";
import type { Details } from "./details.js";
import { legendOf, stripOf } from "./film-strip.js";
import { lookHere, momentStrips } from "./moments.js";
import { breakable, runFacts, torqueTable } from "./parts.js";
import { wordsSection } from "./words.js";

const ORIGINS: Readonly<Record<string, string>> = {
  policy: "the policy's own origin",
  corner: "the image corner",
  mean: "their mean",
};

/** Most runs in the page's table; the JSON has all. */
const LISTED_RUNS = 200;

/** Section of a set of runs. @param prefix of the anchors; empty for a single set */
export async function setSection(
  { survey, ranking, conventions }: SetFindings,
  details: Details,
  prefix: string,
): Promise<Html> {
  const { identity, runs } = survey;
  const { modalities, outputs } = identity;
  const { noun } = wordsOf(outputs);
  const names = identity.joints.join(", ");
  const doing = areTorques(outputs) ? `commands ${names}` : `${doingOf(outputs)} (${names})`;
  const sections: Html[] = [];
  for (const chart of SET_CHARTS) {
    sections.push(html`<h2>${chart.title}</h2>
${await figures([chart], survey)}
${chart.tables(survey)}
`);
  }
  for (const aligned of survey.alignments) {
    const happens = aligned.curves.curves > 0;
    sections.push(
      html`<h3>Around ${aligned.event.text}</h3>${happens ? await figures(EVENT_CHARTS, { ...aligned, modalities }) : html`<p>This event happens in no run.</p>`}`,
    );
  }
  return html`<section>${prefix ? html`<h2>${survey.name}</h2>` : ""}
<p>Method <b>${identity.method}</b>; policy ${identity.policySha256.slice(0, 12)}…; ${doing}. Relevance is measured against: ${modalities.map((modality, m) => `${modality} ${identity.references[m] || "not stated"}`).join(", ")}; feature points from ${own(ORIGINS, identity.featurePoints) ?? identity.featurePoints}. Other references give other shares. An image’s share is measured where its features join the rest.</p>
${lookHere(survey, ranking, details, prefix)}
${sections}
${conventionSection(conventions, identity)}
<h2>Runs</h2>
${runTable(survey, ranking, details, prefix)}
${legendOf(details.runs.map(({ strip }) => strip))}
${details.runs.map((detail) => {
  const run = runs[detail.run]!;
  return html`<h3 id="${prefix}run-${detail.run}">${run.name}</h3>
<p>${runFacts(run)}</p>
${detail.charts}
${stripOf(detail.strip)}
${wordsSection(detail.words)}
<h4>Each ${noun}</h4>
<div class="joints">${detail.torqueCharts}</div>
${torqueTable(run.torques, identity)}`;
})}
${momentStrips(survey, ranking, details, prefix)}
</section>`;
}

/** Table of runs, the most unusual first. */
function runTable({ runs, identity }: Survey, ranking: Ranking, details: Details, prefix: string): Html {
  const shown = new Set(details.runs.map(({ run }) => run));
  const listed = ranking.runs.slice(0, LISTED_RUNS);
  const scored = listed.some(({ score }) => Number.isFinite(score));
  return html`<p class="note">${
    scored
      ? "The most unusual run first. Score: distance of the run's mean shares from the median run, in robust standard deviations, for the named modality."
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
