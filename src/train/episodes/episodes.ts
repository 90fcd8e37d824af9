import { UnstableError } from "../../arm/data.js";
import { random } from "../../sim/random.js";
import type { EpisodeKind, Task } from "../../sim/tasks/task.js";
import type { Act, Action } from "./act.js";
import type { Outcome } from "./outcome.js";

export interface EpisodeOptions {
  readonly seed: number;
  /** Numbers of the episodes to run; an episode follows from the seed and its number. */
  readonly episodes: readonly number[];
  readonly kind: EpisodeKind;
  /** True to apply the expert's torque instead of the policy's. */
  readonly expert: boolean;
  /** Standard deviation of the noise on the applied torque, fractions of the limits. */
  readonly noise: number;
  /** Part of the episodes whose goal moves to another one in their first half, default 0. */
  readonly moves?: number;
  /** Part of the episodes whose goal is that of a condition in place of one of the kind, default 0. */
  readonly conditions?: number;
}

/** One tick to learn from. */
export interface Tick {
  readonly episode: number;
  readonly tick: number;
  readonly action: Action;
  /** The torque to learn, N·m. */
  readonly label: Float64Array;
  /** The task then (`save`). */
  readonly scene: Float64Array;
}

/**
 * Runs the policy in closed loop and returns the outcome of every episode. One in which the simulation becomes unstable,
 * as where a goal moves into the arm, ends there without success. Its states were none to learn from shortly before, too:
 * all of its rows get its first tick.
 * `record` receives every tick and needs a policy with the output `points`.
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
  { seed, expert, noise, moves = 0, conditions = 0 }: EpisodeOptions,
  episode: number,
  record?: (tick: Tick) => void,
): Promise<Outcome> {
  const disturbance = random(seed, episode, 2);
  const change = random(seed, episode, 4);
  const moveAt = change.uniform() < moves ? change.integer(Math.floor(task.ticks / 2)) : undefined;
  const place = random(seed, episode, 5);
  task.reset(seed, episode, place.uniform() < conditions ? place.integer(task.conditions.length) : undefined);
  let first: Tick | undefined;
  let error = task.error();
  for (let tick = 0; tick < task.ticks; tick++) {
    if (tick === moveAt) task.moveGoal(task.otherGoal(change));
    try {
      const action = await act(task);
      const label = record || expert ? task.expert() : action.torque;
      const now: Tick = { episode, tick, action, label, scene: task.save() };
      first ??= now;
      record?.(now);
      const torque = Float64Array.from(expert ? label : action.torque);
      if (noise > 0)
        task.torqueLimit.forEach((limit, j) => {
          torque[j]! += noise * limit * disturbance.normal();
        });
      task.step(torque);
      error = task.error();
    } catch (problem) {
      if (!(problem instanceof UnstableError) || first === undefined) throw problem;
      for (let row = 0; row < task.ticks; row++) record?.({ ...first, tick: row });
      return { error, success: false };
    }
  }
  return { error, success: task.success() };
}
