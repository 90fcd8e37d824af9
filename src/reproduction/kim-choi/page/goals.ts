import { percent, signed } from "../../../numbers/format.js";
import { mean } from "../../../numbers/mean.js";
import { figure, type Html, html, table } from "../../../page/html.js";
import type { GoalsRow } from "../goals.js";
import { goalsName, goalsOf } from "../goals-figure.js";
import { METHODS } from "../paper.js";

/** What the number of goals of a training does to the image's share. */
export function goalsSection(rows: readonly GoalsRow[], svg: string): Html {
  const first = METHODS[0];
  const groups = goalsOf(rows).map((goals) => rows.filter((row) => row.goals === goals));
  const end = (row: GoalsRow) => row.image.at(-1) ?? Number.NaN;
  return html`<section><h2>Does the image’s share fall where a policy knows few goals?</h2>
<p>The paper’s explanation is that a policy that was trained in four conditions looks at the image only to choose a trajectory, and then follows it by the joints. If so, the share should fall with few goals and not with many. Reachers trained as the paper’s were, from one pose, by the same recipe and with the same number of episodes, differ here in the number of their goals alone. Each is measured with the goals that it was trained for.</p>
${figure(svg, `The image’s share in each tenth of the episodes, a line a policy (${groups.map((group) => `${goalsName(group[0]!.goals)}: ${seedsOf(group)}`).join("; ")}).`)}
${table(
  ["goals", "policies", "success", ...METHODS.flatMap((method) => [`${method}: first tenth`, "last tenth", "falls"])],
  groups.map((group) => [
    goalsName(group[0]!.goals),
    seedsOf(group),
    successOf(group.filter(({ method }) => method === first)),
    ...METHODS.flatMap((method) => {
      const own = group.filter((row) => row.method === method);
      return [percent(mean(own, (row) => row.image[0] ?? Number.NaN)), percent(mean(own, end)), fallsOf(own)];
    }),
  ]),
)}
<p class="note">Falls: mean rank correlation of the image’s share with time, and the number of policies in which the 95 % interval over its episodes lies below zero.</p>
<p>${answer(groups)}</p></section>`;
}

const seedsOf = (group: readonly GoalsRow[]): string => `${new Set(group.map(({ seed }) => seed)).size}`;

function successOf(group: readonly GoalsRow[]): string {
  return `${sumOf(group, ({ successes }) => successes)} of ${sumOf(group, ({ episodes }) => episodes)}`;
}

function fallsOf(rows: readonly GoalsRow[]): Html {
  const holding = rows.filter((row) => row.claims.image_falls?.holds).length;
  const kind = holding === rows.length ? "yes" : holding === 0 ? "no" : "some";
  return html`<span class="${kind}">${holding} of ${rows.length}</span> (${signed(trendOf(rows), 2)})`;
}

/** Mean rank correlation of the image's share with time. */
const trendOf = (rows: readonly GoalsRow[]): number => mean(rows, (row) => row.claims.image_falls?.mean ?? Number.NaN);

/** The answer to the section's question, by the counts alone. */
export function answer(groups: readonly (readonly GoalsRow[])[]): string {
  const counts = groups.map((group) => ({
    name: goalsName(group[0]!.goals),
    falling: group.filter((row) => row.claims.image_falls?.holds).length,
    of: group.length,
  }));
  const all = counts.map(({ name, falling, of }) => `${falling} of ${of} ${withGoals(name)}`);
  const few = counts[0]!;
  const many = counts.at(-1)!;
  const failing = groups.flatMap((group) => {
    const [successes, episodes] = [sumOf(group, (row) => row.successes), sumOf(group, (row) => row.episodes)];
    return successes < ABLE * episodes ? [withGoals(goalsName(group[0]!.goals))] : [];
  });
  const weak =
    failing.length === 0
      ? ""
      : ` Policies trained ${failing.join(", and ")} fail in more than a tenth of their episodes: they show less than the others.`;
  const trends = groups.map((group) => `${signed(trendOf(group), 2)} ${withGoals(goalsName(group[0]!.goals))}`);
  const start = `The image’s share falls in ${all.join(", ")} (policies times methods). Its rank correlation with time is on average ${trends.join(", ")}.`;
  if (few.falling === few.of && many.falling === 0) return `${start} It falls with few goals, and only then.${weak}`;
  if (few.falling === few.of) return `${start} It falls with few goals, but not only then.${weak}`;
  const where = few.falling === 0 ? "do not make it fall" : "do not make it fall in every policy";
  return `${start} Few goals ${where}: the number of goals alone does not decide.${weak}`;
}

const withGoals = (name: string) => (name === "anywhere" ? "with goals anywhere" : `with ${name} goals`);

/** Least part of the episodes in which a policy succeeds that counts as able. */
const ABLE = 0.9;

const sumOf = (group: readonly GoalsRow[], of: (row: GoalsRow) => number) =>
  group.reduce((total, row) => total + of(row), 0);
