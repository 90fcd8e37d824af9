import type { Session } from "../runtime/session.js";
import { random } from "../sim/random.js";
import type { Targets } from "../sim/reacher.js";
import type { Task } from "../sim/task.js";
import { TENSORS } from "./export.js";
import type { Outcome } from "./imitation.js";

export interface EpisodeOptions {
  readonly seed: number;
  /** Numbers of the episodes to run; all of an episode follows from the seed and its number. */
  readonly episodes: readonly number[];
  readonly targets: Targets;
  /** Whether the expert's torque is applied in place of the policy's. */
  readonly expert: boolean;
  /** Standard deviation of the noise on the applied torque, fractions of the limits. */
  readonly noise: number;
}

/** One tick for the demonstrations. */
export interface Tick {
  readonly episode: number;
  readonly tick: number;
  /** Feature points, [2C]. */
  readonly points: Float32Array;
  readonly configuration: Float32Array;
  /** The expert's torque, N·m. */
  readonly torque: Float64Array;
}

/**
 * Runs the policy in closed loop and returns how every episode ended.
 * `record` is told every tick and needs a policy with the output `points`.
 */
export async function runEpisodes(
  task: Task,
  policy: Session,
  options: EpisodeOptions,
  record?: (tick: Tick) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const episode of options.episodes) outcomes.push(await runEpisode(task, policy, options, episode, record));
  return outcomes;
}

async function runEpisode(
  task: Task,
  policy: Session,
  { seed, expert, noise }: EpisodeOptions,
  episode: number,
  record?: (tick: Tick) => void,
): Promise<Outcome> {
  const disturbance = random(seed, episode, 2);
  task.reset(seed, episode);
  for (let tick = 0; tick < task.ticks; tick++) {
    const { image, values } = task.observe();
    const configuration = Float32Array.from(task.modalities.flatMap(({ name }) => [...values[name]!]));
    const outputs = await policy.run({
      [TENSORS.image]: { dtype: "uint8", shape: [1, task.height, task.width, 3], data: image },
      [TENSORS.configuration]: { dtype: "float32", shape: [1, configuration.length], data: configuration },
    });
    const wanted = task.expert();
    const points = outputs[TENSORS.points]?.data as Float32Array;
    record?.({ episode, tick, points, configuration, torque: wanted });
    const torque = Float64Array.from(expert ? wanted : (outputs[TENSORS.torque]!.data as Float32Array));
    if (noise > 0)
      task.torqueLimit.forEach((limit, j) => {
        torque[j]! += noise * limit * disturbance.normal();
      });
    task.step(torque);
  }
  return { error: task.error(), success: task.success() };
}
