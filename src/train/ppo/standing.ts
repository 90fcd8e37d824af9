import type { WorldBatch } from "../../sim/worlds/batch.js";
import type { Standing } from "./rollout.js";

/** Writes where a batch stands into rows of the standing, from `first` on. */
export function keepWorlds(batch: WorldBatch, { states, episodes, observations }: Standing, first: number): void {
  const saved = batch.save();
  saved.worlds.forEach((state, i) => {
    states.set(state, (first + i) * state.length);
  });
  episodes.set(saved.episodes, first * 3);
  observations.set(saved.observations, (first * observations.length * 3) / episodes.length);
}

/** Goes on from rows of the standing. */
export function restoreWorlds(batch: WorldBatch, { states, episodes, observations }: Standing, first: number): void {
  const worlds = episodes.length / 3;
  const part = <T extends Float64Array | Uint8Array>(all: T, i: number, count: number): T => {
    const length = all.length / worlds;
    return all.slice(i * length, (i + count) * length) as T;
  };
  batch.restore({
    worlds: Array.from({ length: batch.count }, (_, i) => part(states, first + i, 1)),
    episodes: part(episodes, first, batch.count),
    observations: part(observations, first, batch.count),
  });
}
