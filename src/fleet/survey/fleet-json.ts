import { byModality } from "../../analysis/table-column.js";
import { number } from "../../numbers/format.js";
import type { RobotDrift, Week } from "./drift.js";
import type { FleetComparison } from "./fleet-comparison.js";
import type { FleetFindings, GroupFindings } from "./fleet-findings.js";

/** The numbers of a fleet's report. */
export const fleetJson = ({ dataset, groups, comparison, notes }: FleetFindings) => ({
  dataset,
  groups: groups.map(groupJson),
  comparison: comparison.map(comparisonJson),
  notes,
});

function groupJson({ group, shares, drift, notable }: GroupFindings) {
  const { policy, method, references, featurePoints, modalities, runs } = group;
  const of = (values: readonly number[]) => byModality(modalities, (m) => number(values[m]!));
  const week = ({ week, runs, shares }: Week) => ({ week, runs, shares: of(shares) });
  return {
    ...{ policy, method, references, feature_points: featurePoints },
    runs: runs.length,
    ticks: runs.reduce((sum, { ticks }) => sum + ticks, 0),
    seconds: number(runs.reduce((sum, { seconds }) => sum + (seconds || 0), 0)),
    shares: byModality(modalities, (m) => ({ mean: number(shares[m]!.mean), std: number(shares[m]!.std) })),
    weeks: drift.weeks.map(week),
    robots: drift.robots.map(({ robot, runs, shares, weeks, changes }: RobotDrift) => ({
      ...{ robot, runs },
      shares: of(shares),
      weeks: weeks.map(week),
      changes: changes.map(({ run, before, after, from, to }) => ({
        ...{ run: run.name, seek: number(run.seek), time: timeOf(run.time), before, after },
        ...{ from: of(from), to: of(to) },
      })),
    })),
    notable: notable.map(({ reason, run, seek, score, what }) => ({
      ...{ reason, robot: run.robot, run: run.name, bag: run.bag },
      ...{ seek: number(seek), score: number(score), what },
    })),
  };
}

function comparisonJson({ modality, all, robots, perRobot }: FleetComparison) {
  return {
    modality,
    all: all && {
      ...{ a: number(all.a), b: number(all.b), difference: number(all.difference) },
      interval: all.interval?.map(number) ?? null,
      hedges_g: all.hedgesG === undefined ? null : number(all.hedgesG),
      cliffs_delta: number(all.cliffsDelta),
    },
    per_robot: {
      mean: number(perRobot.mean),
      interval: perRobot.interval?.map(number) ?? null,
      robots: perRobot.count,
    },
    robots: robots.map(({ robot, difference: { a, b, difference, interval } }) => ({
      ...{ robot, a: number(a), b: number(b), difference: number(difference) },
      interval: interval?.map(number) ?? null,
    })),
  };
}

/** A time for people and programs, UTC. */
export const timeOf = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
