import type { AttackName } from "../../attack/names.js";
import { deciding, type Played, type PlayOptions, playEpisodes } from "../../evaluation/world-play.js";
import { own } from "../../own.js";
import { loadPolicy } from "../../policy/policy.js";
import { type Progress, weighted } from "../progress.js";
import { collectStates, type DrawnState, type States } from "../worlds/states.js";
import { playAttacked } from "./attacked.js";
import { type MapsFound, mapsOf } from "./maps.js";
import { timesOf } from "./times.js";

/** A policy's file that is measured in a world. */
interface Measured {
  readonly world: string;
  readonly path: string;
}

/** A piece of work for one thread. */
export type Item =
  | (Measured & { readonly kind: "states"; readonly options: PlayOptions })
  | (Measured & { readonly kind: "played"; readonly options: PlayOptions })
  | (Measured & {
      readonly kind: "attacked";
      readonly options: PlayOptions;
      readonly attack: AttackName;
      readonly level: number;
    })
  | (Measured & { readonly kind: "maps"; readonly method: string; readonly steps: number })
  | (Measured & {
      readonly kind: "times";
      readonly rounds: number;
      readonly timed: readonly { readonly path: string; readonly method: string }[];
    });

/** What an item gives; it can be passed between threads. */
export type Found =
  | { readonly kind: "states"; readonly drawn: readonly DrawnState[] }
  | { readonly kind: "played" | "attacked"; readonly played: readonly Played[] }
  | { readonly kind: "maps"; readonly found: MapsFound | { readonly refused: string } }
  | { readonly kind: "times"; readonly times: readonly (readonly number[])[] };

/** What all items have in common: the saliency sets, by world. */
export interface Setting {
  readonly sets: Readonly<Record<string, States>>;
}

/** Measures an item. The caller has checked that its policy fits the world. */
export async function measureItem(item: Item, { sets }: Setting, progress: Progress): Promise<Found> {
  const { kind, world, path } = item;
  const policy = await loadPolicy(path);
  const states = own(sets, world)!;
  switch (kind) {
    case "states":
      return { kind, drawn: await collectStates(policy, world, states, item.options, progress) };
    case "played":
      return {
        kind,
        played: await deciding(policy, (decide) => playEpisodes(policy, world, item.options, decide, progress)),
      };
    case "attacked":
      return { kind, played: await playAttacked(policy, world, item, item.options, weighted(progress, ATTACKED)) };
    case "maps":
      return { kind, found: await mapsOf(policy, item.method, states, weighted(progress, item.steps)) };
    case "times": {
      const timed = await Promise.all(
        item.timed.map(async ({ path: own, method }) => ({ policy: await loadPolicy(own), method })),
      );
      return { kind, times: await timesOf(timed, states, item.rounds, weighted(progress, TIMED)) };
    }
  }
}

/** Steps that an attacked episode counts as, and a round of times. */
const ATTACKED = 300;
const TIMED = 100;

/** Steps that an item counts as. */
export function workOf(item: Item, { sets }: Setting): number {
  switch (item.kind) {
    case "states":
    case "played":
      return item.options.episodes;
    case "attacked":
      return ATTACKED * item.options.episodes;
    case "maps":
      return item.steps * own(sets, item.world)!.rows;
    case "times":
      return TIMED * item.rounds;
  }
}
