import { type Estimate, estimate } from "../../../analysis/bootstrap.js";
import { CHANGES } from "../../../evaluation/attention/play.js";
import { MEASURES, type Measure } from "../../../evaluation/saliency/measures.js";
import { percent, plural, signed, significant } from "../../../numbers/format.js";
import { mean, meanStd } from "../../../numbers/mean.js";
import { figure, type Html, html, table } from "../../../page/html.js";
import { worthOf } from "../estimates.js";
import { deletionFigure } from "../figures.js";
import type { Played } from "../items.js";
import type { MapsFound } from "../maps.js";
import type { AttentionFindings, PartName, PolicyFindings } from "../paper.js";

type Part = (found: PolicyFindings, findings: AttentionFindings, svgs: ReadonlyMap<string, string>) => Html | undefined;

/** Mean of an estimate, with its interval below it. */
function within({ mean: middle, interval }: Estimate): Html | string {
  if (Number.isNaN(middle)) return "–";
  if (!interval) return signed(middle, 3);
  return html`${signed(middle, 3)}<br><small>${signed(interval[0], 3)} to ${signed(interval[1], 3)}</small>`;
}

/** Outcomes of a policy's episodes in a row. */
export function outcomesOf(played: Played): string[] {
  const { success, errors } = played;
  const { mean: worth, std } = meanStd(worthOf(played));
  return [
    `${success.filter(Boolean).length} of ${success.length}`,
    played.returns.length > 0 ? `${significant(worth)} ± ${significant(std)}` : "–",
    errors.length > 0 ? `${(1000 * mean(errors)).toFixed(1)} mm` : "–",
  ];
}

const verdicts: Part = ({ policy }, findings) => {
  const all = findings.verdicts.get(policy.name);
  if (!all || all.length === 0) return undefined;
  return html`<h4>Which statements hold</h4>
${table(
  ["statement", "measured, one number an episode", "stated", "here"],
  all.map(({ claim: { text, measure, sign }, estimate: found, holds }) => [
    text,
    measure,
    sign > 0 ? "> 0" : "< 0",
    html`<span class="${holds ? "yes" : "no"}">${holds ? "holds" : "does not hold"}</span><br>${within(found)}`,
  ]),
  3,
)}`;
};

const WORDS = { nss: "NSS", kl: "KL divergence", sauc: "shuffled AUC" } as const;

/** A measure's mean, its interval, and how many moments it leaves out. */
function measured(found: MapsFound, name: Measure): Html {
  const leftOut = found.undefined[name];
  return html`${within(estimate(found.measures[name]))}${leftOut > 0 ? html`<br><small>${leftOut} of ${found.moments} left out</small>` : undefined}`;
}

const measures: Part = ({ maps }) => {
  if (maps.length === 0) return undefined;
  const moments = maps[0]!.moments;
  return html`<h4>Maps and what matters (Table 4)</h4>
<p>${plural(moments, "moment")}; means over episodes with their 95 % interval. NSS and shuffled AUC are better where they are higher, the divergence where it is lower. Moments at which a measure is undefined are left out, and counted below it; the divergence is where a map is 0 at a pixel that the blurred fixations reach.</p>
${table(
  ["map", ...MEASURES.map((name) => WORDS[name])],
  maps.map((found) => [found.kind, ...MEASURES.map((name) => measured(found, name))]),
)}`;
};

const agreement: Part = ({ maps, refused }) => {
  const known = maps.filter(({ correlation }) => correlation.length > 0);
  if (known.length === 0) return undefined;
  return html`<h4>Attention beside attributions</h4>
<p>Rank correlation (Spearman) of the policy’s own attention, its queries added, with the sizes of each map over all pixels; the area under the curve of deletion, the lower the more the removed pixels matter. Means over episodes, 95 % intervals.</p>
${table(
  ["map", "rank correlation with attention", "deletion"],
  known.map(({ kind, correlation, deletion }) => [kind, within(estimate(correlation)), within(estimate(deletion))]),
)}
${refused.map(({ kind, refused: why }) => html`<p class="note">${kind}: ${why}.</p>`)}`;
};

const deletion: Part = ({ policy }, _, svgs) => {
  const svg = svgs.get(deletionFigure(policy.name));
  return (svg &&
    figure(
      svg,
      `What stays of the command of ${policy.name} while pixels are removed, the highest of each map first.`,
    )) as Html | undefined;
};

const CHANGE_WORDS = {
  own: "its own",
  permuted: "permuted",
  uniform: "uniform",
  swapped: "another tick’s",
} as const;

const replaced: Part = ({ played }) => {
  if (played.length < 2) return undefined;
  const sorted = CHANGES.flatMap((change) => played.filter((one) => one.change === change));
  return html`<h4>With other attention</h4>
<p>The same episodes with the policy’s attention replaced at every tick. <em>Change of the command</em>: mean over the ticks of the distance from the command with its own attention, of torques as a part of their limits, of actions the total variation of their probabilities.</p>
${table(
  ["attention", "success", "return, mean ± deviation", "mean distance at the end", "change of the command"],
  sorted.map((one) => [
    CHANGE_WORDS[one.change],
    ...outcomesOf(one),
    one.moved.length > 0 ? percent(mean(one.moved)) : "–",
  ]),
)}`;
};

/** The table of parts. Learning curves are of a task, not of a policy. */
export const PARTS: Readonly<Record<Exclude<PartName, "learning">, Part>> = {
  verdicts,
  measures,
  agreement,
  replaced,
  deletion,
};
