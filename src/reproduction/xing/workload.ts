import type { PaperWorld } from "./paper.js";

/** How much is measured: at most so much of what `PaperWorld` asks for. */
export interface Workload {
  readonly seed: number;
  /** States of a saliency set. */
  readonly mostStates: number;
  readonly mostPlayed: number;
  /** Part of a world's episodes under attack, rounded up. */
  readonly attacked: number;
  /** Strengths of attacks, in levels of 255. */
  readonly levels: readonly number[];
  /** Maps of each kind that are timed. */
  readonly rounds: number;
}

export const FULL: Workload = {
  seed: 0,
  mostStates: 10_000,
  mostPlayed: 1000,
  attacked: 1,
  levels: [0.5, 1, 2, 4, 8, 16, 32],
  rounds: 50,
};

/** For a first look; too few episodes to judge orderings. */
export const QUICK: Workload = {
  seed: 0,
  mostStates: 120,
  mostPlayed: 20,
  attacked: 0.1,
  levels: [4, 16],
  rounds: 5,
};

/** Counts of a world. */
export function extentOf(world: PaperWorld, workload: Workload) {
  const setEpisodes = Math.min(world.setEpisodes, Math.ceil(workload.mostStates / world.statesOfEpisode));
  return {
    setEpisodes,
    states: setEpisodes * world.statesOfEpisode,
    played: Math.min(world.played, workload.mostPlayed),
    attacked: Math.ceil(world.attacked * workload.attacked),
  };
}
