import { ATTACK_NAMES } from "../../attack/names.js";
import { own } from "../../own.js";
import { loadPolicy } from "../../policy/policy.js";
import { allocateStates, type States } from "../worlds/states.js";
import type { PolicyFile, WorldPolicies } from "./findings.js";
import type { Item } from "./items.js";
import { MAP_ROWS, type MapRow, PAPER_WORLDS, type PaperWorld } from "./paper.js";
import { extentOf, type Workload } from "./workload.js";

/** First of the episodes that returns are of, apart from those of a saliency set. */
const PLAYED_FROM = 100_000;

type OfKind<Kind extends Item["kind"]> = Item & { readonly kind: Kind };

/** What is measured in a world. */
export interface Plan {
  readonly paper: PaperWorld;
  readonly set: States;
  /** Filling the saliency set; before all else. */
  readonly states: readonly OfKind<"states">[];
  readonly maps: readonly { readonly row: MapRow; readonly item: OfKind<"maps"> }[];
  readonly played: readonly { readonly policy: PolicyFile; readonly item: OfKind<"played"> }[];
  readonly attacked: readonly { readonly policy: PolicyFile; readonly item: OfKind<"attacked"> }[];
  /** Times of the rows that have maps, with nothing beside it. */
  times(rows: readonly MapRow[]): OfKind<"times">;
}

/** Most episodes of an item without attacks: several threads share them. */
const CHUNK = 500;

/** Steps that a map by a method of many passes counts as. */
const STEPS: Readonly<Record<string, number>> = {
  perturbation: 20,
  sarfa: 20,
  occlusion: 20,
  smoothgrad: 30,
  "integrated-gradients": 10,
};

/** @param policies the original first */
export async function planOf({ world, policies }: WorldPolicies, workload: Workload): Promise<Plan> {
  const paper = own(PAPER_WORLDS, world)!;
  const { seed, levels, rounds } = workload;
  const { setEpisodes, played, attacked } = extentOf(paper, workload);
  const original = policies[0]!;
  const { path } = original;
  const set = allocateStates(await loadPolicy(path), setEpisodes, paper.statesOfEpisode);
  const fileOf = (row: MapRow) => policies.find(({ kind }) => kind === row.policy);
  const mapRows = MAP_ROWS.flatMap((row) => {
    const file = fileOf(row);
    return file ? [{ row, path: file.path, method: row.method(paper.radius) }] : [];
  });
  return {
    paper,
    set,
    states: chunks(0, setEpisodes).map((part) => ({ kind: "states", world, path, options: { seed, ...part } })),
    maps: mapRows.map(({ row, path, method }) => ({
      row,
      item: { kind: "maps", world, path, method, steps: own(STEPS, method.split(":")[0]!) ?? 1 },
    })),
    played: policies.flatMap((policy) =>
      chunks(PLAYED_FROM, played).map((part) => ({
        policy,
        item: { kind: "played" as const, world, path: policy.path, options: { seed, ...part } },
      })),
    ),
    attacked: policies.flatMap((policy) =>
      ATTACK_NAMES.flatMap((attack) =>
        (attacked > 0 ? levels : []).map((level) => {
          const options = { seed, first: PLAYED_FROM, episodes: attacked };
          return { policy, item: { kind: "attacked" as const, world, path: policy.path, options, attack, level } };
        }),
      ),
    ),
    times: (rows) => ({
      kind: "times",
      world,
      path,
      rounds,
      timed: mapRows.filter(({ row }) => rows.includes(row)).map(({ path, method }) => ({ path, method })),
    }),
  };
}

function chunks(first: number, count: number): { readonly first: number; readonly episodes: number }[] {
  return Array.from({ length: Math.ceil(count / CHUNK) }, (_, k) => ({
    first: first + k * CHUNK,
    episodes: Math.min(CHUNK, count - k * CHUNK),
  }));
}
