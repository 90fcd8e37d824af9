import { basename } from "node:path";
import { percent, plural } from "../../numbers/format.js";
import { areActions, wordsOf } from "../../outputs/kinds.js";
import { type Html, html, pageOf, table } from "../../page/html.js";
import type { Findings } from "../findings.js";
import type { Comparison, Survey } from "../survey.js";
import type { WhyFindings } from "../why/why-of.js";
import { COMPARISON_CHARTS, figures, PHASE_CHARTS } from "./charts.js";
import type { Details } from "./details.js";
import { setSection } from "./set.js";
import { whatIfSection } from "./what-if.js";
import { type WhyStrips, whySection } from "./why.js";

/**
 * The report as one self-contained HTML page: no network, no script.
 * @param details one for each set
 */
export async function page(
  { sets, comparison, notes, why, whatIf }: Findings,
  details: readonly Details[],
  strips: WhyStrips,
): Promise<string> {
  const several = sets.length > 1;
  const sections: Html[] = [];
  for (const [s, set] of sets.entries()) {
    sections.push(await setSection(set, details[s]!, several ? `set-${s}-` : ""));
  }
  const runs = sets.reduce((sum, { survey }) => sum + survey.runs.length, 0);
  const ticks = sets.reduce((sum, { survey }) => sum + survey.runs.reduce((all, run) => all + run.ticks.all, 0), 0);
  const outputs = sets.flatMap(({ survey }) => survey.identity.outputs);
  const { noun, plural: all } = wordsOf(outputs);
  const commands = areActions(outputs) ? `${all} of the chosen actions` : all;
  const based = `hat the ${commands} were based on`;
  const heading = why.by === "outcome" && why.failed > 0 ? `Why runs failed, and w${based}` : `W${based}`;
  const content = html`<h1>${heading}</h1>
<p>${plural(runs, "run")}, ${plural(ticks, "tick")}${several ? `, in two sets: ${sets.map(({ survey }) => survey.name).join(" and ")}` : ""}. A share is a modality’s part of the relevance |R| of the ${commands}${areActions(outputs) ? "" : ", weighted by importance α"}. Idle ticks (almost no ${noun}) do not count.</p>
${whySection(why, strips, whatIf)}
${whatIfSection(whatIf)}
${why.phases ? html`<h2>By phase of the motion</h2>${await figures(PHASE_CHARTS, why.phases)}` : ""}
${notes.map((note) => html`<p class="note">${note}</p>`)}
${
  several
    ? await comparisonSection(
        sets.map(({ survey }) => survey),
        comparison,
      )
    : ""
}
${sections}`;
  return pageOf(titleOf(sets, why), "", content);
}

/** Title of the browser's tab: what failed, and of which recordings. */
function titleOf(sets: Findings["sets"], why: WhyFindings): string {
  const bags = [...new Set(sets.flatMap(({ survey }) => survey.runs.map(({ bag }) => basename(bag))))];
  const names = bags.length > 2 ? `${bags[0]} and ${bags.length - 1} more` : bags.join(" and ");
  const failed = why.by === "outcome" ? `${why.failed} of ${plural(why.runs, "run")} failed: ` : "";
  return `${failed}${names} – torquelens report`;
}

async function comparisonSection(surveys: readonly Survey[], comparison: readonly Comparison[]): Promise<Html> {
  const [a, b] = surveys as [Survey, Survey];
  const charts = html`<h2>${surveys.map(({ name }, s) => html`${s > 0 ? " and " : ""}${name}`)}</h2>
${await figures(COMPARISON_CHARTS, surveys)}`;
  if (comparison.length === 0) return charts;
  return html`${charts}
${table(
  ["modality", a.name, b.name, "difference", "95 % interval", "Hedges’ g", "Cliff’s δ"],
  comparison.map(({ modality, difference }) => {
    if (!difference) return [modality, "–", "–", "–", "–", "–", "–"];
    const { interval, hedgesG, cliffsDelta } = difference;
    return [
      modality,
      percent(difference.a),
      percent(difference.b),
      points(difference.difference),
      interval ? `${points(interval[0])} to ${points(interval[1])}` : "–",
      hedgesG?.toFixed(2) ?? "–",
      cliffsDelta.toFixed(2),
    ];
  }),
)}
<p class="note">Differences are percentage points, ${b.name} less ${a.name}, of the means of runs. The interval is a percentile bootstrap over runs (${a.runs.length} and ${b.runs.length}, 2,000 draws); with few runs it is too narrow. Several modalities are compared at once: one interval in twenty misses the true difference by chance. Hedges’ g is in standard deviations between runs; Cliff’s δ is how much more often a run of ${b.name} has the larger share, −1 to 1.</p>`;
}

const points = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(100 * value).toFixed(1)}`;
