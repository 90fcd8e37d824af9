import { rollup } from "d3-array";
import { SHARE_FLOOR } from "../../analysis/ranking.js";
import { mean } from "../../numbers/mean.js";
import { changePoints } from "./change-points.js";
import type { FleetRun, Group } from "./fleet-run.js";

/** Mean shares of the runs of one week. */
export interface Week {
  /** ISO 8601: `2026-W48`, UTC. */
  readonly week: string;
  readonly runs: number;
  /** [M] */
  readonly shares: readonly number[];
}

/** A robot's runs from one on have other shares than those before. */
export interface Change {
  readonly robot: string;
  /** The first run after it. */
  readonly run: FleetRun;
  /** Number of runs from the last change to this one, and from this one to the next. */
  readonly before: number;
  readonly after: number;
  /** Mean shares of these runs, [M]. */
  readonly from: readonly number[];
  readonly to: readonly number[];
}

export interface RobotDrift {
  readonly robot: string;
  readonly runs: number;
  readonly shares: readonly number[];
  readonly weeks: readonly Week[];
  readonly changes: readonly Change[];
}

export interface Drift {
  /** Of all robots. */
  readonly weeks: readonly Week[];
  readonly robots: readonly RobotDrift[];
}

/** How the shares of a group's runs went over time. Runs in which no tick counts are left out. */
export function drift({ runs, modalities }: Group): Drift {
  const counted = runs
    .filter(({ shares }) => !Number.isNaN(shares[0]!))
    .sort((a, b) => a.time - b.time || (a.name < b.name ? -1 : 1));
  const width = modalities.length;
  const robots = rollup(
    counted,
    (own) => own,
    ({ robot }) => robot,
  );
  return {
    weeks: weeksOf(counted, width),
    robots: Array.from(robots, ([robot, own]) => ({
      robot,
      runs: own.length,
      shares: meansOf(own, width),
      weeks: weeksOf(own, width),
      changes: changesOf(robot, own, width),
    })).sort((a, b) => (a.robot < b.robot ? -1 : 1)),
  };
}

const meansOf = (runs: readonly FleetRun[], width: number): number[] =>
  Array.from({ length: width }, (_, m) => mean(runs, ({ shares }) => shares[m]!));

const weeksOf = (runs: readonly FleetRun[], width: number): Week[] =>
  Array.from(
    rollup(
      runs,
      (own) => ({ runs: own.length, shares: meansOf(own, width) }),
      ({ time }) => isoWeek(time),
    ),
    ([week, of]) => ({ week, ...of }),
  );

function changesOf(robot: string, runs: readonly FleetRun[], width: number): Change[] {
  const points = changePoints(
    runs.map(({ shares }) => shares),
    SHARE_FLOOR,
  );
  return points.map((at, k) => {
    const [before, after] = [runs.slice(points[k - 1] ?? 0, at), runs.slice(at, points[k + 1] ?? runs.length)];
    return {
      robot,
      run: runs[at]!,
      before: before.length,
      after: after.length,
      from: meansOf(before, width),
      to: meansOf(after, width),
    };
  });
}

/** Week of a time by ISO 8601: that of its Thursday. @param time milliseconds since 1970 */
export function isoWeek(time: number): string {
  const day = new Date(time);
  day.setUTCHours(0, 0, 0, 0);
  day.setUTCDate(day.getUTCDate() + 4 - (day.getUTCDay() || 7));
  const first = Date.UTC(day.getUTCFullYear(), 0, 1);
  const week = Math.floor((day.getTime() - first) / 604_800_000) + 1;
  return `${day.getUTCFullYear()}-W${String(week).padStart(2, "0")}`;
}
