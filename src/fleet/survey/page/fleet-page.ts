import { percent, plural } from "../../../numbers/format.js";
import { colors, draw, type Row } from "../../../page/draw.js";
import { figure, type Html, html, pageOf, table } from "../../../page/html.js";
import type { FleetComparison } from "../fleet-comparison.js";
import type { FleetFindings, GroupFindings } from "../fleet-findings.js";
import { timeOf } from "../fleet-json.js";

/** A fleet's report as one self-contained HTML page: no network, no script. */
export async function fleetPage({ dataset, groups, comparison, notes }: FleetFindings): Promise<string> {
  const sections: Html[] = [];
  for (const found of groups) sections.push(await groupSection(found));
  const runs = groups.reduce((sum, { group }) => sum + group.runs.length, 0);
  const content = html`<h1>What a fleet’s commands were based on</h1>
<p>${plural(runs, "run")} of ${dataset}. A share is a modality’s part of the relevance of the commands. Idle ticks do not count; means are over runs, each with the same weight.</p>
${notes.map((note) => html`<p class="note">${note}</p>`)}
${comparison.length > 0 ? comparisonSection(groups, comparison) : ""}
${sections}`;
  return pageOf(`torquelens report: ${dataset}`, "", content);
}

async function groupSection({ group, shares, drift, notable }: GroupFindings): Promise<Html> {
  const { policy, method, modalities, runs } = group;
  const changes = drift.robots.flatMap(({ changes }) => changes);
  const cells = (of: readonly number[]) => of.map(percent);
  return html`<h2>${policy}, method ${method}</h2>
<p>${plural(runs.length, "run")} of ${plural(drift.robots.length, "robot")}. Mean shares: ${modalities.map((modality, m) => `${m > 0 ? ", " : ""}${modality} ${percent(shares[m]!.mean)} ± ${percent(shares[m]!.std)}`)} (± between runs).</p>
${await weeksFigure(drift.weeks, modalities)}
<h3>Changes</h3>
${
  changes.length === 0
    ? html`<p>No robot’s shares changed for good.</p>`
    : table(
        ["robot", "first run after it", "from", "runs before", "after", ...modalities],
        changes.map(({ robot, run, before, after, from, to }) => [
          robot,
          run.name,
          timeOf(run.time),
          before,
          after,
          ...modalities.map((_, m) => `${percent(from[m]!)} → ${percent(to[m]!)}`),
        ]),
        3,
      )
}
<h3>Look here first</h3>
${
  notable.length === 0
    ? html`<p>Nothing stands out.</p>`
    : table(
        ["robot", "run", "what", "seconds"],
        notable.map(({ run, seek, what }) => [run.robot, run.name, what, seek.toFixed(2)]),
        3,
      )
}
<h3>Robots</h3>
${table(
  ["robot", "runs", ...modalities],
  drift.robots.map(({ robot, runs, shares }) => [robot, runs, ...cells(shares)]),
)}
<h3>Weeks</h3>
${table(
  ["week", "runs", ...modalities],
  drift.weeks.map(({ week, runs, shares }) => [week, runs, ...cells(shares)]),
)}
<h3>Weeks of each robot</h3>
${table(
  ["robot", "week", "runs", ...modalities],
  drift.robots.flatMap(({ robot, weeks }) =>
    weeks.map(({ week, runs, shares }) => [robot, week, runs, ...cells(shares)]),
  ),
  2,
)}`;
}

async function weeksFigure(weeks: GroupFindings["drift"]["weeks"], modalities: readonly string[]): Promise<Html> {
  const values: Row[] = weeks.flatMap(({ week, shares }) =>
    modalities.map((modality, m) => ({ week, modality, share: Number.isFinite(shares[m]!) ? shares[m]! : null })),
  );
  const { domain, range } = colors(modalities);
  const svg = await draw({
    data: { values },
    width: 760,
    height: 200,
    mark: { type: "line", point: true },
    encoding: {
      x: { field: "week", type: "ordinal", title: "week (ISO 8601, UTC)" },
      y: {
        field: "share",
        type: "quantitative",
        title: "mean share",
        axis: { format: "%" },
        scale: { domain: [0, 1] },
      },
      color: { field: "modality", type: "nominal", scale: { domain, range } },
    },
  });
  return figure(svg, `Mean shares by week, all robots: ${modalities.join(", ")}`);
}

function comparisonSection(groups: readonly GroupFindings[], comparison: readonly FleetComparison[]): Html {
  const [a, b] = groups.map(({ group }) => group.policy);
  const interval = (of: readonly number[] | undefined) => (of ? `${percent(of[0]!)} to ${percent(of[1]!)}` : "–");
  return html`<h2>${b} − ${a}</h2>
<p>Differences of mean shares, with 95 % bootstrap intervals: over all runs, and the mean over the robots that ran both.</p>
${table(
  ["modality", `${a}`, `${b}`, "difference", "95 % interval", "mean of robots", "95 % interval", "robots"],
  comparison.map(({ modality, all, perRobot }) => [
    modality,
    ...(all ? [percent(all.a), percent(all.b), percent(all.difference), interval(all.interval)] : ["–", "–", "–", "–"]),
    percent(perRobot.mean),
    interval(perRobot.interval),
    perRobot.count,
  ]),
)}
<h3>Robot by robot</h3>
${table(
  ["modality", "robot", `${a}`, `${b}`, "difference", "95 % interval"],
  comparison.flatMap(({ modality, robots }) =>
    robots.map(({ robot, difference }) => [
      modality,
      robot,
      percent(difference.a),
      percent(difference.b),
      percent(difference.difference),
      interval(difference.interval),
    ]),
  ),
  2,
)}`;
}
