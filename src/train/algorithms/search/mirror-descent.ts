import { random } from "../../../sim/random.js";
import type { Task } from "../../../sim/tasks/task.js";
import type { Act } from "../../episodes/act.js";
import type { Tick } from "../../episodes/episodes.js";
import type { Outcome } from "../../episodes/outcome.js";
import { boundedControllers } from "./dual.js";
import type { LinearGaussian } from "./gaussian.js";
import { costOfRun, type LocalProblemOptions, linearised, within } from "./local-problem.js";

/** One start of guided policy search: an episode of the training's seed. */
export interface Condition {
  readonly episode: number;
  /** Index of the condition in the iteration. */
  readonly place: number;
  /** Episode and result of the condition with the same index in the previous iteration. */
  readonly before?: (ConditionFigures & { readonly episode: number }) | undefined;
}

/** Result of a condition in one iteration. */
export interface ConditionFigures extends Outcome {
  /** Cost of the policy's trajectory without noise. */
  readonly cost: number;
  /** False where no controllers were found within the bound: the policy is too unstable around its trajectory. */
  readonly improved: boolean;
  /** Cost reduction by the new controllers that the linear-quadratic model predicts; 0 where there are none. */
  readonly promise: number;
  /** Bound of the controllers' divergence from the policy, and the divergence, nats over the episode. */
  readonly bound: number;
  readonly divergence: number;
}

export interface MirrorDescentOptions extends LocalProblemOptions {
  readonly seed: number;
  /** Episodes a condition to learn from. */
  readonly samples: number;
  /** First bound of the divergence, nats a control step. */
  readonly bound: number;
}

/** Receives every tick of a sample; its label is the controllers' torque there. */
export type RecordTick = (sample: number, tick: Omit<Tick, "episode">) => void;

/**
 * One condition of one iteration of mirror descent guided policy search (Montgomery & Levine 2016): around the policy's
 * trajectory, time-varying linear-Gaussian controllers that lower the cost within a bound of the policy; then episodes
 * of the policy with noise, each tick labelled with the controllers' torque. Where there are no such controllers, the
 * labels are the policy's own torques: the start teaches nothing new in this iteration.
 */
export async function improve(
  task: Task,
  act: Act,
  { episode, before }: Condition,
  options: MirrorDescentOptions,
  record: RecordTick,
): Promise<ConditionFigures> {
  const { seed, samples, torqueNoise, startNoise } = options;
  const widest = options.bound * task.ticks;
  let bound = widest;
  if (before?.improved) {
    task.reset(seed, before.episode);
    bound = nextBound(before, await costOfRun(task, act), widest);
  }
  task.reset(seed, episode);
  const { problem, states, cost } = await linearised(task, act, options);
  const [error, success] = [task.error(), task.success()];
  const found = boundedControllers(problem, bound);
  for (let sample = 0; sample < samples; sample++) {
    const numbers = random(seed, episode, 3, sample);
    task.reset(seed, episode);
    const start = task.state();
    task.setState(start.map((value, i) => (i < task.joints.length ? value + startNoise * numbers.normal() : value)));
    for (let tick = 0; tick < task.ticks; tick++) {
      const action = await act(task);
      const scene = task.save();
      const away = task.state().map((value, i) => value - states[tick]![i]!);
      const added = found && addedTorque(found.controllers[tick]!, problem.policy[tick]!, away);
      const label = action.torque.map((value, j) => value + (added?.[j] ?? 0));
      record(sample, { tick, action, label: within(label, task.torqueLimit), scene });
      task.step(action.torque.map((value, j) => value + torqueNoise * task.torqueLimit[j]! * numbers.normal()));
    }
  }
  const figures = { cost, error, success, bound, improved: found !== undefined };
  return { ...figures, promise: found ? -found.nominal : 0, divergence: found?.divergence ?? 0 };
}

/**
 * What a controller adds to the policy's torque at a state away from the trajectory: its difference from the linearised
 * policy, since the policy itself may not be linear there.
 */
const addedTorque = ({ gain, offset }: LinearGaussian, { gain: own }: LinearGaussian, away: Float64Array) =>
  offset.map((value, j) =>
    away.reduce((sum, x, i) => sum + (gain[j * away.length + i]! - own[j * away.length + i]!) * x, value),
  );

/**
 * The bound for the next iteration (Montgomery & Levine 2016 §4.2): wider where the cost fell as predicted,
 * narrower where it did not; within 1/100 and 10 times the first bound.
 */
export function nextBound({ cost: before, promise, bound }: ConditionFigures, cost: number, first: number): number {
  const shortfall = Math.max(1e-4 * Math.abs(promise), promise - (before - cost));
  const factor = Math.max(0.2, Math.min(2, promise / (2 * shortfall)));
  return Math.max(first / 100, Math.min(10 * first, factor * bound));
}
