import { type Change, playWith } from "../../evaluation/attention/play.js";
import { type AttentionMaps, ReplacedAttention } from "../../evaluation/attention/replaced.js";
import { drive } from "../../evaluation/drive.js";
import { subjectOf } from "../../explain/subject.js";
import { loadPolicy } from "../../policy/policy.js";
import { SimulatedSource } from "../../sim/source.js";
import type { EpisodeOutcome } from "../../sim/tally.js";
import type { Progress } from "../progress.js";
import { type MapsFound, mapsOf } from "./maps.js";
import { type Moment, momentsOf } from "./moments.js";
import { sceneOf } from "./scene.js";

/** A policy's file, and the task or world that it is for. */
export interface PolicyAt {
  readonly task: string;
  readonly path: string;
}

/** How much is measured. */
export interface Workload {
  readonly seed: number;
  /** Episodes whose outcomes count. */
  readonly played: number;
  /** Episodes that maps are of, and control steps between two maps. */
  readonly mapped: number;
  readonly stride: number;
}

/** A piece of work for one thread. */
export type Item =
  | (PolicyAt & { readonly kind: "maps"; readonly maps: string })
  | (PolicyAt & { readonly kind: "played"; readonly change: Change });

/** What an item gives; it can be passed between threads. */
export type Found =
  | { readonly kind: "maps"; readonly found: MapsFound | { readonly kind: string; readonly refused: string } }
  | { readonly kind: "played"; readonly played: Played };

/** Outcomes of episodes, one an episode. */
export interface Played {
  readonly change: Change;
  readonly success: readonly boolean[];
  /** Sum of rewards; of arms none. */
  readonly returns: readonly number[];
  /** Distance from the goal at the end, metres; of worlds none. */
  readonly errors: readonly number[];
  /** Mean over an episode's steps of how far the command is from the one with the policy's own attention. */
  readonly moved: readonly number[];
}

/** Episodes whose attention is drawn from, for `swapped`; their seed is another one. */
const OTHERS = 5;
const OTHER_SEED = 1_000_000;

/** The last policy's moments: a thread's items of one policy come one after another. */
let last: { readonly key: string; readonly moments: Promise<Moment[]> } | undefined;

/** Measures an item. The caller has checked that its policy fits the task. */
export async function measureItem(item: Item, workload: Workload, { signal, done }: Progress): Promise<Found> {
  const { kind, task, path } = item;
  const policy = await loadPolicy(path);
  const { seed, played: episodes, mapped, stride } = workload;
  if (kind === "maps") {
    const key = JSON.stringify([path, task, workload]);
    if (last?.key !== key) last = { key, moments: momentsOf(policy, task, { seed, episodes: mapped, stride, signal }) };
    const found = await mapsOf(policy, item.maps, await last.moments, seed, signal);
    done?.(workOf(item, workload));
    return { kind, found };
  }
  const { change } = item;
  const load = async () => (await sceneOf(policy, task)).simulated;
  if (change === "own") {
    const outcomes: EpisodeOutcome[] = [];
    const ended = (outcome: EpisodeOutcome): void => {
      outcomes.push(outcome);
      done?.();
    };
    const source = new SimulatedSource({ task: await load(), seed, episodes, speed: 0, ended });
    await drive(policy, source, { write: () => {}, close: async () => {} }, signal);
    signal?.throwIfAborted();
    return { kind, played: playedOf(change, outcomes, []) };
  }
  const replaced = (await ReplacedAttention.create(subjectOf(policy)))!;
  try {
    const others: AttentionMaps[] = [];
    if (change === "swapped") {
      const see = (maps: AttentionMaps): void => void others.push(maps);
      const own = { seed: seed + OTHER_SEED, episodes: OTHERS, change: "own" as const, see, signal };
      await playWith(policy, replaced, await load(), own);
    }
    const found = await playWith(policy, replaced, await load(), { seed, episodes, change, others, signal, done });
    return { kind, played: playedOf(change, found.outcomes, found.moved) };
  } finally {
    await replaced.release();
  }
}

const playedOf = (change: Change, outcomes: readonly EpisodeOutcome[], moved: readonly number[]): Played => ({
  change,
  success: outcomes.map(({ success }) => success),
  returns: outcomes.flatMap(({ sumOfRewards }) => sumOfRewards ?? []),
  errors: outcomes.flatMap(({ error }) => error ?? []),
  moved,
});

/** Steps that an item counts as. */
export const workOf = ({ kind }: Item, { played, mapped }: Workload): number => (kind === "maps" ? mapped : played);
