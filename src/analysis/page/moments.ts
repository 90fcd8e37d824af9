import { type OutputWords, wordsOf } from "../../outputs/kinds.js";
import { type Html, html, table } from "../../page/html.js";
import { LIMIT_FLAGS, type Moment, type Ranking, type Reason, UNUSUAL } from "../ranking.js";
import type { Survey } from "../survey.js";
import type { Details } from "./details.js";
import { legendOf, stripOf } from "./film-strip.js";

const REASONS: Readonly<Record<Reason, (ranking: Ranking, words: OutputWords) => string>> = {
  shares: ({ phases }) =>
    `Unusual shares: furthest from the median of ${phases > 1 ? "all runs at that tenth of the run" : "all ticks"}, in robust standard deviations (median absolute deviation), at least ${UNUSUAL}.`,
  residual: (_, { plural }) => `Relevance that does not add up to the ${plural}: shares are less certain there.`,
  limits: (_, { noun }) =>
    `At a limit (${LIMIT_FLAGS.join(", ")}): the ${noun} was not what the policy asked for, or a joint could not follow.`,
};

const SCORES: Readonly<Record<Reason, string>> = { shares: "score", residual: "residual", limits: "for, s" };

/** Table of moments, each with a link to its film strip. @param prefix of the anchors */
export function lookHere({ runs, identity }: Survey, ranking: Ranking, details: Details, prefix: string): Html {
  const { moments } = ranking;
  const of = (reason: Reason) => moments.filter((moment) => moment.reason === reason);
  const found = (Object.keys(REASONS) as Reason[]).filter((reason) => of(reason).length > 0);
  const hasStrip = (moment: Moment) => (details.strips.get(moment)?.length ?? 0) > 0;
  return html`<h2>Look here first</h2>
${found.length === 0 ? html`<p>Nothing stands out: no unusual shares, no limits, and the relevance adds up.</p>` : ""}
${found.map(
  (reason) => html`<p class="note">${REASONS[reason](ranking, wordsOf(identity.outputs))}</p>
${table(
  ["run", "what", "pictures", "seek, s", "in the run, s", SCORES[reason]],
  of(reason).map((moment) => [
    runs[moment.run]!.name,
    moment.what,
    hasStrip(moment) ? html`<a href="#${anchor(ranking, moment, prefix)}">strip</a>` : "–",
    moment.seek.toFixed(2),
    moment.seconds.toFixed(2),
    moment.score.toPrecision(3),
  ]),
  3,
)}`,
)}
${moments.length > 0 ? html`<p class="note">Seek is the time from the bag's beginning: <code>ros2 bag play --start-offset SEEK BAG</code>, or the time a viewer shows from the start.</p>` : ""}`;
}

/** The film strips of the moments. @param prefix of the anchors */
export function momentStrips({ runs }: Survey, ranking: Ranking, { strips }: Details, prefix: string): Html {
  const shown = ranking.moments.filter((moment) => (strips.get(moment)?.length ?? 0) > 0);
  if (shown.length === 0) return html``;
  return html`<h2>Film strips of these moments</h2>
${legendOf(strips.values())}
${shown.map(
  (
    moment,
  ) => html`<h3 id="${anchor(ranking, moment, prefix)}">${runs[moment.run]!.name}, ${moment.seconds.toFixed(2)} s: ${moment.what}</h3>
${stripOf(strips.get(moment)!)}`,
)}`;
}

const anchor = ({ moments }: Ranking, moment: Moment, prefix: string) => `${prefix}moment-${moments.indexOf(moment)}`;
