import type { EpisodeKind } from "../../sim/tasks/task.js";
import { withPolicy } from "../episodes/act.js";
import { sceneOf } from "../episodes/demonstrations.js";
import type { CollectStage } from "../team/stage.js";
import type { Request, WorkerContext } from "../team/work.js";

/** A range of rows, from the first to one past the last. */
type Range = readonly [from: number, to: number];

export interface LookRequest extends Request {
  readonly policy: Uint8Array;
  readonly ranges: readonly Range[];
  readonly episodes: EpisodeKind;
}

/** Name of the work in requests. */
const KIND = "look";
/** Rows of a range. */
const ROWS = 100;
/** Cost of a row relative to a step of the pose warm-up. */
const COST = 0.003;

/** Renders the images of rows again, and writes their feature points as the convolutions find them now. */
export function lookStage(phase: string, episodes: EpisodeKind, from: number, rows: number): CollectStage {
  const ranges = Array.from(
    { length: Math.ceil((rows - from) / ROWS) },
    (_, i): Range => [from + ROWS * i, Math.min(rows, from + ROWS * (i + 1))],
  );
  return {
    kind: "collect",
    phase,
    cost: COST * (rows - from),
    async collect({ team, policy, ...watch }) {
      const common = { kind: KIND, policy: policy(), episodes };
      await team.spread(ranges, (part): LookRequest => ({ ...common, ranges: part }), watch);
      return { rows };
    },
  };
}

export const lookWork = {
  [KIND]: (worker: WorkerContext) => ({
    async answer({ policy, ranges, episodes }: LookRequest) {
      const { demonstrations } = worker.setup;
      const task = await worker.task(episodes);
      await withPolicy(policy, async (act) => {
        for (const [from, to] of ranges)
          for (let row = from; row < to; row++) {
            task.restore(sceneOf(demonstrations, row));
            demonstrations.inputs.set((await act(task)).points, row * demonstrations.width);
          }
      });
      return ranges.map(() => []);
    },
  }),
};
