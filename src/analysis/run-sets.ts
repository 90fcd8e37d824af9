import { GROUPINGS, type GroupKey } from "../outcome/groups.js";
import type { Outcome } from "../outcome/outcome.js";
import { own } from "../own.js";
import type { Run } from "./run.js";

/** Divides runs into the sets that a report compares. */
export interface RunSets {
  /** Names of the sets that are known before any run is read, in their order. */
  readonly names: readonly string[];
  /** Name of a run's set. @param list number of the list of bags that it was named in */
  setOf(run: Pick<Run, "outcome">, list: number): string;
}

/** All runs as one set, or one set for each list of bags. */
export const byList = (names: readonly string[]): RunSets => ({ names, setOf: (_, list) => names[list]! });

/** The runs of a group as the second set, all others as the first. */
export function byGroup(key: GroupKey, value: string, names?: readonly [string, string]): RunSets {
  const [others, chosen] = names ?? [otherName(key, value), value];
  const isChosen = (outcome: Outcome | undefined) => GROUPINGS[key](outcome) === value;
  return { names: [others, chosen], setOf: ({ outcome }) => (isChosen(outcome) ? chosen : others) };
}

/** One set for each group, in the order in which they are met. */
export const byEachGroup = (key: GroupKey): RunSets => ({
  names: [],
  setOf: ({ outcome }) => GROUPINGS[key](outcome),
});

const OTHERS: Readonly<Record<string, string>> = {
  success: "failure",
  failure: "success",
  perturbed: "undisturbed",
  undisturbed: "perturbed",
};

const otherName = (key: GroupKey, value: string): string =>
  (key === "outcome" || key === "perturbed" ? own(OTHERS, value) : undefined) ?? `not ${value}`;
