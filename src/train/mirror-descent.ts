import { random } from "../sim/random.js";
import type { Task } from "../sim/tasks/task.js";
import type { Act, Action } from "./act.js";
import { boundedControllers } from "./dual.js";
import { costOfRun, type LocalProblemOptions, surroundings, within } from "./local-problem.js";
import type { ConditionFigures } from "./outcome.js";

/** One start of guided policy search: an episode of the training's seed. */
export interface Condition {
  readonly episode: number;
  /** The number of the condition among those of the iteration. */
  readonly place: number;
  /** The episode that had its place in the iteration before, if there was one, and what came of it. */
  readonly before?: (ConditionFigures & { readonly episode: number }) | undefined;
}

export interface MirrorDescentOptions extends LocalProblemOptions {
  readonly seed: number;
  /** Episodes a condition to learn from. */
  readonly samples: number;
  /** Bound of the divergence to begin with, nats a control step. */
  readonly bound: number;
}

/** Told every tick to learn from: what the policy saw, and what the controllers do there, N·m. */
export type Learn = (sample: number, tick: number, action: Action, wanted: Float64Array) => void;

/**
 * One condition of one iteration of mirror descent guided policy search (Montgomery & Levine 2016): around the policy's
 * trajectory, time-varying linear-Gaussian controllers that lower the cost within a bound of the policy; then samples
 * of the policy's own, with noise, each labelled with what the controllers do there.
 */
export async function improve(
  task: Task,
  act: Act,
  { episode, before }: Condition,
  options: MirrorDescentOptions,
  learn: Learn,
): Promise<ConditionFigures> {
  const { seed, samples, torqueNoise, startNoise } = options;
  const widest = options.bound * task.ticks;
  let bound = widest;
  if (before !== undefined) {
    task.reset(seed, before.episode);
    bound = nextBound(before, await costOfRun(task, act), widest);
  }
  task.reset(seed, episode);
  const { problem, states, cost } = await surroundings(task, act, options);
  const [error, success] = [task.error(), task.success()];
  const { controllers, nominal, divergence } = boundedControllers(problem, bound);
  const promise = -nominal;
  for (let sample = 0; sample < samples; sample++) {
    const numbers = random(seed, episode, 3, sample);
    task.reset(seed, episode);
    const start = task.state();
    task.setState(start.map((value, i) => (i < task.joints.length ? value + startNoise * numbers.normal() : value)));
    for (let tick = 0; tick < task.ticks; tick++) {
      const action = await act(task);
      // What the controllers add to the policy where it is linear: where it is not, its own torque is the one to add to.
      const { gain, offset } = controllers[tick]!;
      const { gain: policyGain } = problem.policy[tick]!;
      const away = task.state().map((value, i) => value - states[tick]![i]!);
      const added = offset.map((value, j) =>
        away.reduce((sum, x, i) => sum + (gain[j * away.length + i]! - policyGain[j * away.length + i]!) * x, value),
      );
      const wanted = action.torque.map((value, j) => value + added[j]!);
      learn(sample, tick, action, within(wanted, task.torqueLimit));
      task.step(action.torque.map((value, j) => value + torqueNoise * task.torqueLimit[j]! * numbers.normal()));
    }
  }
  return { cost, error, success, promise, bound, divergence };
}

/**
 * The bound for the next iteration (Montgomery & Levine 2016 §4.2): wider where the cost fell by what was promised,
 * narrower where it did not; within 1/100 and 10 times the first one.
 */
export function nextBound({ cost: before, promise, bound }: ConditionFigures, cost: number, first: number): number {
  const shortfall = Math.max(1e-4 * Math.abs(promise), promise - (before - cost));
  const factor = Math.max(0.2, Math.min(2, promise / (2 * shortfall)));
  return Math.max(first / 100, Math.min(10 * first, factor * bound));
}
