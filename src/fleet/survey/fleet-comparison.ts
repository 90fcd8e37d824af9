import { type Estimate, estimate } from "../../analysis/bootstrap.js";
import { compare, type Difference } from "../../analysis/compare.js";
import type { FleetRun, Group } from "./fleet-run.js";

/** Difference of two groups in the mean share of a modality, second less first. */
export interface FleetComparison {
  readonly modality: string;
  /** Over all runs; undefined where one group has no such modality, or no run that counts. */
  readonly all: Difference | undefined;
  /** Of robots with runs of both groups. */
  readonly robots: readonly { readonly robot: string; readonly difference: Difference }[];
  /** Mean of these robots' differences, each robot with the same weight, with its interval over robots. */
  readonly perRobot: Estimate;
}

/** Compares two groups over all robots, and robot by robot. */
export function compareGroups(a: Group, b: Group): FleetComparison[] {
  return [...new Set([...a.modalities, ...b.modalities])].map((modality) => {
    const [of, against] = [a, b].map((group) => meansBy(group, modality)) as [Means, Means];
    const robots = [...of.robots].flatMap(([robot, means]) => {
      const difference = compare(means, against.robots.get(robot) ?? []);
      return difference ? [{ robot, difference }] : [];
    });
    return {
      modality,
      all: compare(of.all, against.all),
      robots,
      perRobot: estimate(robots.map(({ difference }) => difference.difference)),
    };
  });
}

interface Means {
  readonly all: readonly number[];
  readonly robots: ReadonlyMap<string, readonly number[]>;
}

function meansBy({ runs, modalities }: Group, modality: string): Means {
  const m = modalities.indexOf(modality);
  const own = m < 0 ? [] : runs.filter(({ shares }) => !Number.isNaN(shares[m]!));
  const robots = new Map<string, number[]>();
  for (const { robot, shares } of own) {
    const known = robots.get(robot);
    if (known) known.push(shares[m]!);
    else robots.set(robot, [shares[m]!]);
  }
  return { all: own.map(({ shares }: FleetRun) => shares[m]!), robots };
}
