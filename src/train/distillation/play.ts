import type { Source } from "../../explain/pipeline.js";
import { SimulatedSource } from "../../sim/source.js";
import type { Task } from "../../sim/tasks/task.js";
import type { Outcome } from "../episodes/outcome.js";

/** Episodes in which a policy acts. The source does not end by itself. */
export interface Playing {
  readonly source: Source;
  /** Control steps of an episode. */
  readonly ticks: number;
  /** Ends of the finished episodes. */
  readonly outcomes: readonly Outcome[];
  /** What matters in the newest observation's picture by ground truth: 1 at objects, 0 at the background. */
  segmentation(): ArrayLike<number>;
}

export interface PlayOptions {
  readonly seed: number;
  /** Noise on the actions of every second episode, as parts of their limits. */
  readonly noise: number;
}

/** Begins episodes of a policy's task. */
export type Play = (options: PlayOptions) => Promise<Playing>;

/** Episodes that noise is planned for; none has so many. */
const MOST_EPISODES = 10_000;

/** @param load loads the task with the camera that the policy expects */
export const armPlay =
  (load: () => Promise<Task>): Play =>
  async ({ seed, noise }) => {
    const task = await load();
    const outcomes: Outcome[] = [];
    const disturbed = noise > 0 ? Array.from({ length: MOST_EPISODES / 2 }, (_, i) => 2 * i + 1) : [];
    const source = new SimulatedSource({
      task,
      seed,
      speed: 0,
      perturbations: disturbed.map((episode) => ({ tick: 0, episode, torque_noise: noise })),
      ended: ({ success }) => outcomes.push({ error: task.error(), success }),
    });
    return { source, ticks: task.ticks, outcomes, segmentation: () => task.sight().segmentation };
  };
