import { percent } from "../../../numbers/format.js";
import { mean } from "../../../numbers/mean.js";
import { type Html, html, table } from "../../../page/html.js";
import type { DistractorFindings } from "../distractors.js";
import { DEFAULT_CONVENTION, type Findings, measuredBy } from "../findings.js";
import { METHODS } from "../paper.js";

/** Relevance on what does not belong to the task, and what becomes of success where something else is in the image. */
export function distractorsSection({ tasks, sets }: Findings): Html {
  const rows = tasks.flatMap((task) => {
    const { relevance, area } = measuredBy(task.mass, METHODS[0], DEFAULT_CONVENTION).mass;
    const shipped = rowsOf(`${task.task}, as we ship`, relevance.background, task, [task.distractors]);
    const ofTask = sets.filter((one) => one.task === task.task);
    const trained = ofTask.flatMap((set) => {
      const { background } = set.mass.find(({ method }) => method === METHODS[0])!.relevance;
      return rowsOf(`${task.task}, ${set.set}`, background, set, set.distractors);
    });
    return [{ area: area.background, rows: [...trained, ...shipped] }];
  });
  return html`<section><h2>Relevance on what the task does not need (their Fig. 3)</h2>
<p>The paper finds relevance on points that have nothing to do with the task, the more the harder the task, and success all the same. Here is the part of the image’s relevance (${METHODS[0]}) that lies off arm and target, with its part of the image; then the same policies with a disc in the image that they were not trained with, behind arm and target: in one place, and in one that it leaves for another during the episode. Whether success falls tells whether relevance on it mattered.</p>
${table(
  [
    "policy",
    "off arm and target",
    "of the image",
    "distractor",
    "relevance on it",
    "of the image",
    "success without",
    "with it",
    "with it moved",
  ],
  rows.flatMap(({ area, rows: own }) => own.map(([policy, off, ...rest]) => [policy!, off!, percent(area), ...rest])),
)}</section>`;
}

interface Runs {
  readonly successes: number;
  readonly episodes: number;
}

/** A row a look, policies together. */
function rowsOf(
  policy: string,
  background: number,
  usual: Runs,
  policies: readonly (readonly DistractorFindings[])[],
): (string | number)[][] {
  return policies[0]!.map(({ look }, at) => {
    const all = policies.map((own) => own[at]!);
    const sum = (of: (one: DistractorFindings) => number) => all.reduce((total, one) => total + of(one), 0);
    const episodes = sum((one) => one.episodes);
    return [
      policy,
      percent(background),
      look,
      percent(mean(all, (one) => one.relevance)),
      percent(mean(all, (one) => one.area)),
      percent(usual.successes / usual.episodes),
      percent(sum(({ successes }) => successes.fixed) / episodes),
      percent(sum(({ successes }) => successes.moved) / episodes),
    ];
  });
}
