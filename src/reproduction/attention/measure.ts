import type { Change } from "../../evaluation/attention/play.js";
import { type CrewOptions, runCrew } from "../crew.js";
import { type Found, type Item, type Played, type PolicyAt, type Workload, workOf } from "./items.js";
import type { MapsFound } from "./maps.js";

/** What is measured of a policy. */
export interface Wanted extends PolicyAt {
  /** Kinds of maps: methods, `ATTENTION`, `RANDOM`. */
  readonly maps: readonly string[];
  readonly changes: readonly Change[];
}

/** What was found of a policy. */
export interface PolicyFound<Of extends Wanted> {
  readonly policy: Of;
  readonly maps: readonly MapsFound[];
  readonly refused: readonly { readonly kind: string; readonly refused: string }[];
  readonly played: readonly Played[];
}

const itemsOf = ({ task, path, maps, changes }: Wanted): Item[] => [
  ...changes.map((change): Item => ({ kind: "played", task, path, change })),
  ...maps.map((kind): Item => ({ kind: "maps", task, path, maps: kind })),
];

/** Steps in all. */
export const totalWork = (policies: readonly Wanted[], workload: Workload): number =>
  policies.flatMap(itemsOf).reduce((sum, item) => sum + workOf(item, workload), 0);

/** Measures policies in threads; findings in their order. */
export async function measurePolicies<Of extends Wanted>(
  policies: readonly Of[],
  workload: Workload,
  options: CrewOptions,
): Promise<PolicyFound<Of>[]> {
  const items = policies.flatMap(itemsOf);
  const worker = new URL("./worker.js", import.meta.url);
  const found = await runCrew<Item, Found>({ worker, setting: workload, nameOf: ({ path }) => path }, items, options);
  let at = 0;
  return policies.map((policy) => {
    const own = found.slice(at, at + itemsOf(policy).length);
    at += own.length;
    const maps = own.flatMap((one) => (one.kind === "maps" ? [one.found] : []));
    return {
      policy,
      maps: maps.filter((one): one is MapsFound => !("refused" in one)),
      refused: maps.flatMap((one) => ("refused" in one ? [one] : [])),
      played: own.flatMap((one) => (one.kind === "played" ? [one.played] : [])),
    };
  });
}
