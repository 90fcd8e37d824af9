import type { FleetComparison } from "../../fleet/survey/fleet-comparison.js";
import type { FleetFindings, GroupFindings } from "../../fleet/survey/fleet-findings.js";
import { timeOf } from "../../fleet/survey/fleet-json.js";
import { percent, plural } from "../../numbers/format.js";
import { columns } from "./table.js";

/** Lines of a table that a terminal shows at most; the page and the JSON have all. */
const MOST = 12;

/** A fleet's report for a terminal. */
export function fleetText({ groups, comparison }: FleetFindings): string {
  const parts = groups.map(groupText);
  if (comparison.length > 0) {
    const [a, b] = groups.map(({ group }) => group.policy);
    parts.push(`${b} − ${a}, difference of mean shares with its 95 % interval:\n${comparisonRows(comparison)}`);
  }
  return parts.join("\n\n");
}

function groupText({ group, shares, drift, notable }: GroupFindings): string {
  const { policy, method, modalities, runs } = group;
  const ticks = runs.reduce((sum, run) => sum + run.ticks, 0);
  const head = (first: string) => [first, "runs", ...modalities];
  const row = (name: string, count: number, of: readonly number[]) => [name, String(count), ...of.map(percent)];
  const robots = drift.robots.map(({ robot, runs, shares }) => row(robot, runs, shares));
  const weeks = drift.weeks.map(({ week, runs, shares }) => row(week, runs, shares));
  const changes = drift.robots.flatMap(({ changes }) => changes);
  const parts = [
    `${policy}, method ${method}: ${plural(runs.length, "run")} of ${plural(drift.robots.length, "robot")}, ${plural(ticks, "tick")}; mean shares, ± between runs:`,
    columns(modalities.map((modality, m) => [modality, percent(shares[m]!.mean), `± ${percent(shares[m]!.std)}`])),
    `\nby robot:\n${columns([head("robot"), ...cut(robots)], 1)}`,
    `\nby week:\n${columns([head("week"), ...cut(weeks, "last")], 1)}`,
  ];
  if (changes.length > 0) {
    const rows = changes.map(({ robot, run, before, after, from, to }) => {
      const m = largest(from, to);
      return [
        robot,
        timeOf(run.time),
        `${modalities[m]} ${percent(from[m]!)} → ${percent(to[m]!)}`,
        `${before} and ${after} runs`,
        run.name,
      ];
    });
    parts.push(`\nchanges (the first run after each):\n${columns(cut(rows))}`);
  }
  if (notable.length > 0) {
    const rows = notable.map(({ run, seek, what }) => [run.robot, run.name, `at ${seek.toFixed(2)} s`, what]);
    parts.push(`\nlook at these first (seconds from the start of the bag):\n${columns(rows)}`);
  }
  return parts.join("\n");
}

function comparisonRows(comparison: readonly FleetComparison[]): string {
  const range = (interval: readonly number[] | undefined) =>
    interval ? `${points(interval[0]!)} to ${points(interval[1]!)}` : "–";
  const rows = comparison.map(({ modality, all, perRobot }) =>
    all
      ? [
          modality,
          points(all.difference),
          range(all.interval),
          points(perRobot.mean),
          range(perRobot.interval),
          String(perRobot.count),
        ]
      : [modality, "in one only", "", "", "", ""],
  );
  return columns([["", "all runs", "", "mean of robots", "", "robots"], ...rows], 1);
}

const points = (part: number): string =>
  Number.isFinite(part) ? `${part < 0 ? "−" : "+"}${Math.abs(100 * part).toFixed(1)}` : "–";

/** The modality whose share changes most. */
const largest = (from: readonly number[], to: readonly number[]): number =>
  from.reduce((best, _, m) => (Math.abs(to[m]! - from[m]!) > Math.abs(to[best]! - from[best]!) + 1e-3 ? m : best), 0);

/** The first or last rows of a long table, with the number of those left out. */
function cut(rows: readonly (readonly string[])[], which: "first" | "last" = "first"): (readonly string[])[] {
  const left = rows.length - MOST;
  if (left <= 0) return [...rows];
  const more = [`… ${left} more`];
  return which === "first" ? [...rows.slice(0, MOST), more] : [more, ...rows.slice(-MOST)];
}
