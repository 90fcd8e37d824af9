import type { Source } from "../../explain/pipeline.js";
import { SimulatedWorld } from "../../sim/simulated-world.js";
import { SimulatedSource } from "../../sim/source.js";
import type { Task } from "../../sim/tasks/task.js";
import type { WorldEntry } from "../../sim/worlds/world.js";
import type { Outcome } from "../episodes/outcome.js";

/** Episodes in which a policy acts. The source does not end by itself. */
export interface Playing {
  readonly source: Source;
  /** Control steps of an episode; where these differ, the mean so far. */
  readonly ticks: number;
  /** Ends of the finished episodes. */
  readonly outcomes: readonly Outcome[];
  /** What matters in the newest observation's picture by ground truth: 1 at objects, 0 at the background. */
  segmentation(): ArrayLike<number>;
}

export interface PlayOptions {
  readonly seed: number;
  /** Noise on the torques of every second episode, as parts of their limits. */
  readonly noise: number;
}

/** Begins episodes of a policy's task. */
export type Play = (options: PlayOptions) => Promise<Playing>;

/** The most probable action is taken; worlds have no noise. */
export const worldPlay =
  (entry: WorldEntry): Play =>
  async ({ seed }) => {
    const world = await SimulatedWorld.load(entry);
    const outcomes: Outcome[] = [];
    let ticks = 0;
    const source = new SimulatedSource({
      task: world,
      seed,
      speed: 0,
      ended({ success }) {
        outcomes.push({ error: Number(!success), success });
        ({ ticks } = source.summary());
      },
    });
    return {
      source,
      outcomes,
      get ticks() {
        return ticks > 0 ? ticks / outcomes.length : world.ticks;
      },
      segmentation: () => world.salient(),
    };
  };

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
