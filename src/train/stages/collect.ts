import { withPolicy } from "../episodes/act.js";
import { recordTick } from "../episodes/demonstrations.js";
import { type EpisodeOptions, runEpisodes, type Tick } from "../episodes/episodes.js";
import type { Outcome } from "../episodes/outcome.js";
import type { Team, Watch } from "../team/team.js";
import type { Request, WorkerContext } from "../team/work.js";

/** Keeps the training's episodes apart from those of the seeds that people test with. */
export const TRAINING_SEED = 1_000_003;

interface EpisodesRequest extends Request {
  readonly policy: Uint8Array;
  readonly options: EpisodeOptions;
  /** True to write the ticks to the demonstrations, as the episodes of their numbers. */
  readonly record: boolean;
}

/** Name of the work in requests. */
const KIND = "episodes";

/** Runs episodes, spread over the workers; outcomes in the order of `numbers`. */
export async function teamEpisodes(
  team: Team,
  policy: Uint8Array,
  numbers: readonly number[],
  options: Omit<EpisodeOptions, "episodes">,
  { record = false, ...watch }: { readonly record?: boolean } & Watch = {},
): Promise<Outcome[]> {
  const request = (episodes: readonly number[]): EpisodesRequest => ({
    kind: KIND,
    policy,
    record,
    options: { ...options, episodes },
  });
  const rows = await team.spread(numbers, request, watch);
  return rows.map(([error, success]) => ({ error: error!, success: success === 1 }));
}

export const episodesWork = {
  [KIND]: (worker: WorkerContext) => ({
    async answer({ policy, options, record }: EpisodesRequest) {
      const task = await worker.task(options.kind);
      const write = (tick: Tick): void => recordTick(worker.setup.demonstrations, task.torqueLimit, tick);
      const outcomes = await withPolicy(policy, (act) => runEpisodes(task, act, options, record ? write : undefined));
      return outcomes.map(({ error, success }) => [error, Number(success)]);
    },
  }),
};
