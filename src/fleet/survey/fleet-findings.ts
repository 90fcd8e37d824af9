import { InputError } from "../../errors.js";
import { type MeanStd, meanStd } from "../../numbers/mean.js";
import type { Part } from "../dataset/layout.js";
import { readRunsTable } from "../dataset/read-runs-table.js";
import type { Store } from "../store/store.js";
import { type Drift, drift } from "./drift.js";
import { compareGroups, type FleetComparison } from "./fleet-comparison.js";
import { type Notable, notable } from "./fleet-ranking.js";
import { fleetRun, type Group, groupKey, newGroup } from "./fleet-run.js";

/** Values that the folders of a part must have, by their keys. */
export type Conditions = ReadonlyMap<keyof Omit<Part, "table" | "part">, string>;

export interface GroupFindings {
  readonly group: Group;
  /** Mean over runs and deviation between runs, [M]. */
  readonly shares: readonly MeanStd[];
  readonly drift: Drift;
  readonly notable: readonly Notable[];
}

/** The numbers of a report on a data set. */
export interface FleetFindings {
  readonly dataset: string;
  readonly groups: readonly GroupFindings[];
  /** Second group less the first; empty without one to compare with. */
  readonly comparison: readonly FleetComparison[];
  readonly notes: readonly string[];
}

export interface FleetOptions {
  readonly where: Conditions;
  readonly against?: Conditions | undefined;
  /** Most moments of each kind. */
  readonly moments: number;
  /** Called after each part. */
  readonly done?: () => void;
}

/**
 * Reads a data set's table of runs, and finds what a report tells. Memory: some hundred bytes a run.
 * @throws InputError where there is no data set or no run that fits
 */
export async function fleetFindings(
  store: Store,
  { where, against, moments, done }: FleetOptions,
): Promise<FleetFindings> {
  const notes: string[] = [];
  const sets = [where, ...(against ? [against] : [])];
  const found = sets.map(() => new Map<string, Group>());
  const wanted = (part: Part) => sets.some((conditions) => fits(part, conditions));
  for await (const { part, rows } of readRunsTable(store, wanted, (line) => notes.push(line))) {
    for (const row of rows) {
      const key = groupKey(part, row);
      for (const [s, groups] of found.entries()) {
        if (!fits(part, sets[s]!)) continue;
        const group = groups.get(key) ?? newGroup(part, row);
        groups.set(key, group);
        group.runs.push(fleetRun(part, row, group.modalities));
      }
    }
    done?.();
  }
  for (const [s, groups] of found.entries())
    if (groups.size === 0)
      throw new InputError(`${store.uri}: no runs with ${textOf(sets[s]!)}${notes[0] ? `; ${notes[0]}` : ""}`);
  const groups = found.map((some) => [...some.values()].sort((a, b) => b.runs.length - a.runs.length));
  if (against)
    for (const [s, some] of groups.entries())
      if (some.length > 1)
        throw new InputError(
          `${store.uri}: ${s === 0 ? "the runs" : "those of --against"} are of ${some.length} policies or methods (${some.map(({ policy, method }) => `${policy} by ${method}`).join(", ")}), expected one: choose with ${s === 0 ? "--where" : "--against"} policy=NAME`,
        );
  const [first, second] = groups;
  return {
    dataset: store.uri,
    groups: groups.flat().map((group) => ({
      group,
      shares: group.modalities.map((_, m) =>
        meanStd(
          group.runs.filter(({ shares }) => !Number.isNaN(shares[m]!)),
          ({ shares }) => shares[m]!,
        ),
      ),
      drift: drift(group),
      notable: notable(group, moments),
    })),
    comparison: second ? compareGroups(first![0]!, second[0]!) : [],
    notes,
  };
}

const fits = (part: Part, conditions: Conditions): boolean =>
  [...conditions].every(([key, value]) => part[key] === value || (key === "date" && part.date.startsWith(value)));

const textOf = (conditions: Conditions): string =>
  conditions.size === 0 ? "shares" : Array.from(conditions, ([key, value]) => `${key}=${value}`).join(", ");
