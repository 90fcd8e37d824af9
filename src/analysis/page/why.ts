import { plural, wholePercent } from "../../numbers/format.js";
import { own } from "../../own.js";
import { type Html, html } from "../../page/html.js";
import type { WhatIfFindings } from "../what-if-findings.js";
import { GROUP_NAMES, groupsOf } from "../why/ranked-runs.js";
import type { Pair, WhyFindings } from "../why/why-of.js";
import { type Strip, stripOf } from "./film-strip.js";

/** Pictures of a pair: of the run that failed, and of the good run. */
export interface PairStrips {
  readonly pair: Pair;
  readonly failed: Strip;
  readonly good: Strip;
}

export interface WhyStrips {
  readonly pairs: readonly PairStrips[];
  /** Pictures around the moments of ranked runs, by the run's name. */
  readonly runs: ReadonlyMap<string, Strip>;
}

/** The page's first screen: how many runs, how many failed, and the likeliest reasons. */
export function whySection(why: WhyFindings, { pairs, runs }: WhyStrips, whatIf?: WhatIfFindings): Html {
  const { reasons } = why;
  return html`<section><h2>${TITLES[why.by]}</h2>
<p><b>${countsOf(why)}</b> ${learnedOf(why)}</p>
${
  reasons.length === 0
    ? html`<p>${nothingOf(why)}</p>`
    : html`<ol>${reasons.map(
        ({
          words,
          confidence,
          evidence,
          hint,
          moment,
          name,
        }) => html`<li><b>${words}</b> (<code>${name}</code>, confidence ${wholePercent(confidence)})
<ul>${[...evidence, ...(own(whatIf?.evidence ?? {}, name) ?? [])].map((line) => html`<li>${line}</li>`)}<li>${hint}${moment ? html`; look at ${moment.run}, ${moment.seconds.toFixed(2)} s` : ""}</li></ul>
${pairs.filter(({ pair }) => pair.reason.name === name).map(pairOf)}</li>`,
      )}</ol>`
}
${rankedOf(why, runs)}
</section>`;
}

/** Failed runs, grouped by what was out of line in each. */
function rankedOf({ ranked, failed }: WhyFindings, strips: WhyStrips["runs"]): Html | string {
  if (ranked.length === 0) return "";
  return html`<h3>What was out of line in each run</h3>
<p class="note">${plural(ranked.length, "run")} of ${failed}, by what was first out of line, the surest first.</p>
${groupsOf(ranked).map(
  ({ about, runs }) => html`<details><summary>${GROUP_NAMES[about]}: ${plural(runs.length, "run")}</summary>
<ol>${runs.map(
    ({ run, seconds, text, confidence, reason }) =>
      html`<li>${run}, ${seconds.toFixed(2)} s: ${text} (<code>${reason}</code>, ${wholePercent(confidence)})${strips.has(run) ? stripOf(strips.get(run)!) : ""}</li>`,
  )}</ol></details>`,
)}`;
}

const TITLES = {
  outcome: "Why did it fail?",
  sets: "What is different in the second set?",
  nothing: "Is something wrong with the input?",
} as const;

/** How many runs, and how many failed, in one sentence. */
export function countsOf({ by, runs, failed, unknown }: WhyFindings): string {
  if (by === "nothing") return `${plural(runs, "run")}; what became of them is not known.`;
  if (by === "sets")
    return `${plural(runs, "run")}, ${failed} of them in the second set; what became of them is not known.`;
  const rest = unknown > 0 ? `; of ${unknown} it is not known` : "";
  return `${plural(runs, "run")}, ${failed === 0 ? "none" : failed} of them failed${rest}.`;
}

const learnedOf = ({ learned }: WhyFindings): string =>
  learned.runs > 0
    ? `What is usual was learned from ${plural(learned.runs, "good run")}${learned.leftOut > 0 ? `; ${learned.leftOut} more had faulty input too, and were left out` : ""}.`
    : "";

/** Why there is no reason. */
export function nothingOf({ by, failed, learned }: WhyFindings): string {
  if (failed === 0) return "No run failed: there is nothing to explain.";
  if (by === "nothing")
    return "No detector finds anything wrong with the input. Without good runs many faults cannot be seen.";
  const few =
    learned.runs < 8
      ? ` With ${learned.runs} good runs, faults of the scene and the motion cannot be told from what is usual; 8 or more help.`
      : "";
  return `Nothing separates the ${by === "sets" ? "sets" : "runs that failed from those that did not"}: no detector finds anything in these alone, and neither do shares.${few}`;
}

function pairOf({ pair, failed, good }: PairStrips): Html {
  return html`<p class="note">${pair.failed.run}, around the moment: heatmaps over the camera's images, each in its own scale unless one was set</p>
${stripOf(failed)}
${
  pair.good
    ? html`<p class="note">${pair.good.run}, which did not fail, in the same phase (dynamic time warping over the joint positions); where ${pair.failed.run} stays in one phase, as it goes on</p>
${stripOf(good)}`
    : ""
}`;
}
