import type { Played } from "../../evaluation/world-play.js";
import { type CrewOptions, runCrew } from "../crew.js";
import { rowsOf } from "../worlds/states.js";
import { robustnessOf, verdictsOf } from "./claims.js";
import type { AttackFound, RowFound, WorldFindings, WorldMeasured, WorldPolicies } from "./findings.js";
import { type Found, type Item, type Setting, workOf } from "./items.js";
import { MAP_ROWS, type PolicyKind } from "./paper.js";
import { type Plan, planOf } from "./plan.js";
import type { Workload } from "./workload.js";

/** A reproduction that is ready to run. */
export interface Prepared {
  /** Steps in all. */
  readonly work: number;
  run(options: CrewOptions): Promise<WorldFindings[]>;
}

/** Plans what is measured: first the saliency sets, then maps and episodes, then times, with nothing beside them. */
export async function prepare(worlds: readonly WorldPolicies[], workload: Workload): Promise<Prepared> {
  const plans = await Promise.all(worlds.map((one) => planOf(one, workload)));
  const setting: Setting = { sets: Object.fromEntries(plans.map(({ set }, k) => [worlds[k]!.world, set])) };
  const sum = (items: readonly Item[]) => items.reduce((total, item) => total + workOf(item, setting), 0);
  const states = plans.flatMap((plan) => plan.states);
  const measured = plans.flatMap(({ maps, played, attacked }) =>
    [...maps, ...played, ...attacked].map(({ item }) => item),
  );
  const work = sum([...states, ...measured, ...plans.map(({ times }) => times(MAP_ROWS))]);
  return {
    work,
    async run({ signal, watch }) {
      let before = 0;
      const phase = async (items: readonly Item[], threads?: number): Promise<Findings> => {
        const longestFirst = [...items].sort((a, b) => workOf(b, setting) - workOf(a, setting));
        const results = await runCrew<Item, Found>(
          {
            worker: new URL("./worker.js", import.meta.url),
            setting,
            nameOf: ({ path }) => path,
            ...(threads !== undefined && { threads }),
          },
          longestFirst,
          { signal, watch: (done) => watch?.(before + done) },
        );
        before += sum(items);
        const by = new Map(longestFirst.map((item, k) => [item, results[k]!]));
        return ((item) => by.get(item)) as Findings;
      };
      const sets = await phase(states);
      const found = await phase(measured);
      const timed = plans.map((plan) => {
        const rows = plan.maps.filter(({ item }) => !("refused" in found(item).found)).map(({ row }) => row);
        return { rows, item: plan.times(rows) };
      });
      const times = await phase(
        timed.map(({ item }) => item),
        1,
      );
      return plans.map((plan, k) => {
        const { rows, item } = timed[k]!;
        const timesOf = new Map(rows.map((row, r) => [row, times(item).times[r]!]));
        return findingsOf(worlds[k]!, plan, { sets, found, timesOf });
      });
    },
  };
}

/** What was found about items. */
type Findings = <Kind extends Item["kind"]>(item: Item & { readonly kind: Kind }) => Found & { readonly kind: Kind };

function findingsOf(
  policies: WorldPolicies,
  { paper, set, states, maps, played, attacked }: Plan,
  {
    sets,
    found,
    timesOf,
  }: {
    readonly sets: Findings;
    readonly found: Findings;
    readonly timesOf: ReadonlyMap<(typeof MAP_ROWS)[number], readonly number[]>;
  },
): WorldFindings {
  const rows: RowFound[] = [];
  const refused: WorldFindings["refused"][number][] = [];
  for (const { row, item } of maps) {
    const result = found(item).found;
    if ("refused" in result) refused.push({ name: row.name, why: result.refused });
    else rows.push({ row, method: item.method, found: result, times: timesOf.get(row)! });
  }
  const ends = new Map<PolicyKind, Played[]>();
  for (const { policy, item } of played)
    ends.set(policy.kind, [...(ends.get(policy.kind) ?? []), ...found(item).played]);
  const drawn = states.flatMap((item) => sets(item).drawn).sort((a, b) => a.row - b.row);
  const { width, height } = drawn[0]!.picture;
  const measured: WorldMeasured = {
    ...policies,
    paper,
    width,
    height,
    states: rowsOf(set).length,
    rows,
    refused,
    drawn,
    played: ends,
    attacked: attacked.map(({ policy, item }): AttackFound => {
      const { attack, level } = item;
      return { policy: policy.kind, attack, level, played: found(item).played };
    }),
  };
  return { ...measured, verdicts: verdictsOf(measured), robustness: robustnessOf(measured) };
}
