import { random } from "../sim/random.js";
import type { Targets, Task } from "../sim/tasks/task.js";
import type { Act, Action } from "./act.js";
import type { Outcome } from "./outcome.js";

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

/** One tick to learn from: what the policy saw there, and what it should have done, N·m. */
export interface Tick {
  readonly episode: number;
  readonly tick: number;
  readonly action: Action;
  readonly wanted: Float64Array;
}

/**
 * Runs the policy in closed loop and returns how every episode ended.
 * `record` is told every tick and needs a policy with the output `points`.
 */
export async function runEpisodes(
  task: Task,
  act: Act,
  options: EpisodeOptions,
  record?: (tick: Tick) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const episode of options.episodes) outcomes.push(await runEpisode(task, act, options, episode, record));
  return outcomes;
}

async function runEpisode(
  task: Task,
  act: Act,
  { seed, expert, noise }: EpisodeOptions,
  episode: number,
  record?: (tick: Tick) => void,
): Promise<Outcome> {
  const disturbance = random(seed, episode, 2);
  task.reset(seed, episode);
  for (let tick = 0; tick < task.ticks; tick++) {
    const action = await act(task);
    const wanted = record || expert ? task.expert() : action.torque;
    record?.({ episode, tick, action, wanted });
    const torque = Float64Array.from(expert ? wanted : action.torque);
    if (noise > 0)
      task.torqueLimit.forEach((limit, j) => {
        torque[j]! += noise * limit * disturbance.normal();
      });
    task.step(torque);
  }
  return { error: task.error(), success: task.success() };
}
