import type { Estimate } from "../../../analysis/bootstrap.js";
import { percent, plural, signed, significant } from "../../../numbers/format.js";
import { meanStd } from "../../../numbers/mean.js";
import { median } from "../../../numbers/quantile.js";
import { figure, type Html, html, table } from "../../../page/html.js";
import type { Verdict } from "../../verdict.js";
import { COMPARABLE, KEPT } from "../claims.js";
import { fileOf } from "../figures.js";
import { type RobustnessVerdict, type RowFound, rowNamed, timesAs, type WorldFindings } from "../findings.js";
import { POLICY_NAMES } from "../paper.js";

/** Parts of a world's section that are tables. */

export function policiesPart({ policies, played }: WorldFindings): Html {
  return html`<h3>Policies</h3>
${table(
  ["policy", "file", "success", "return, mean ± deviation"],
  policies.map(({ kind, path, sha256 }) => {
    const ends = played.get(kind)!;
    const { mean, std } = meanStd(ends, ({ sum }) => sum);
    const successes = ends.filter(({ success }) => success).length;
    return [
      POLICY_NAMES[kind],
      `${path.split("/").slice(-2).join("/")} (${sha256.slice(0, 8)})`,
      `${successes} of ${ends.length}`,
      `${significant(mean)} ± ${significant(std)}`,
    ];
  }),
  2,
)}`;
}

export function verdictsPart({ verdicts, robustness, rows }: WorldFindings): Html {
  const maps = rows[0]!.found.ofEpisodes.auc.length;
  return html`<h3>Which of the paper’s orderings hold</h3>
<p>Each is one number an episode (${plural(maps, "episode")} of the saliency set; of returns the same episodes for both policies; of times one a map). It holds if the 95 % interval of its mean (bootstrap over episodes) lies wholly on the stated side. Choices: a comparable amount is ${100 * COMPARABLE} % or more; performance is kept where no more than ${100 * KEPT} % of the return is lost.</p>
${table(
  ["the paper says", "measured", "stated", "here"],
  verdicts.map((verdict) => {
    const { text, measure, sign } = verdict.claim;
    return [text, measure, sign > 0 ? "> 0" : "< 0", verdictCell(verdict)];
  }),
  3,
)}${robustness.length > 0 ? robustnessTable(robustness) : ""}`;
}

/** One row an attack, one column a pair of policies. */
function robustnessTable(all: readonly RobustnessVerdict[]): Html {
  const pairOf = ({ stronger, weaker }: RobustnessVerdict) =>
    `${POLICY_NAMES[stronger]} more than ${POLICY_NAMES[weaker]}`;
  const pairs = [...new Set(all.map(pairOf))];
  const attacks = [...new Set(all.map(({ attack }) => attack))];
  return html`<p>Under attack a policy keeps more of its return than another: the difference of an episode’s returns, mean over the strengths.</p>
${table(
  ["attack", ...pairs],
  attacks.map((attack) => [
    attack,
    ...pairs.map((pair) => verdictCell(all.find((one) => one.attack === attack && pairOf(one) === pair)!)),
  ]),
)}`;
}

const verdictCell = ({ estimate, holds }: Verdict): Html =>
  html`<span class="${holds ? "yes" : "no"}">${holds ? "holds" : "does not hold"}</span><br>${estimated(estimate)}`;

const shown = (value: number) => (Math.abs(value) < 10 ? signed(value, 3) : signed(value, 1));
const estimated = ({ mean, interval }: Estimate): string =>
  `${shown(mean)}${interval ? ` (${shown(interval[0])} to ${shown(interval[1])})` : ""}`;

export function tablePart(findings: WorldFindings): Html {
  const { rows, refused, paper, states } = findings;
  const printed = (value: number | undefined, digits: number) =>
    paper.hasTable && value !== undefined ? value.toFixed(digits) : "–";
  const row = ({ row, found: { estimates, pooledAuc, blank, maps } }: RowFound): (string | Html)[] => [
    row.group ? html`<b>${row.name}</b>` : row.name,
    printed(row.printed?.important, 2),
    within(estimates.important, 2),
    printed(row.printed?.unimportant, 2),
    within(estimates.unimportant, 2),
    printed(row.printed?.auc, 3),
    within(estimates.auc, 3),
    Number.isNaN(pooledAuc) ? "–" : pooledAuc.toFixed(3),
    blank > 0 ? percent(blank / maps) : "",
  ];
  return html`<h3>Saliency in certain regions${paper.hasTable ? " (their Table 1)" : ""}</h3>
<p>Every map is divided by its largest. <em>Important</em> and <em>unimportant</em>: sum over the pixels of the region, mean over ${plural(states, "state")}, with its 95 % interval. AUC: important pixels against unimportant ones in each state, mean over states; <em>all pixels</em>: those of all states together. The paper’s rows are in bold.</p>
${table(
  [
    "method",
    "important, paper",
    "here",
    "unimportant, paper",
    "here",
    "AUC, paper",
    "here",
    "all pixels",
    "blank maps",
  ],
  rows.map(row),
)}
${refused.map(({ name, why }) => html`<p class="note">${name}: ${why}.</p>`)}`;
}

function within({ mean, interval }: Estimate, digits: number): Html | string {
  if (Number.isNaN(mean)) return "–";
  if (!interval) return mean.toFixed(digits);
  return html`${mean.toFixed(digits)}<br><small>${interval[0].toFixed(digits)} to ${interval[1].toFixed(digits)}</small>`;
}

export function timesPart(findings: WorldFindings, svgs: ReadonlyMap<string, string>): Html {
  const vanilla = rowNamed(findings, "vg")?.times;
  const { rows, paper } = findings;
  return html`<h3>Time of a map (their Fig. 1b)</h3>
${figure(svgs.get(fileOf("times", findings))!, `Median time of ${plural(rows[0]!.times.length, "map")} by each of the paper’s methods, one thread of this machine, the methods in turn.`)}
${table(
  ["method", "median, ms", "× Vanilla Gradient"],
  rows.map(({ row, times }) => [
    row.name,
    significant(median(times)),
    vanilla ? significant(timesAs(times, vanilla)) : "–",
  ]),
)}
<p class="note">The paper’s figure has no numbers in its text, but for driving: 970 ms by GB Perturbation and 2.1 ms by Vanilla Gradient on an RTX 2080 Ti, 462 times as long.${paper.hasTable ? " torquelens computes perturbation maps of many changed images in one run." : ""}</p>`;
}
