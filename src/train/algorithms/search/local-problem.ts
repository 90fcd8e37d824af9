import type { ControlProblem } from "../../../sim/expert/ilqr.js";
import type { Expansion } from "../../../sim/expert/state-cost.js";
import type { Task } from "../../../sim/tasks/task.js";
import type { Act } from "../../episodes/act.js";
import type { LinearGaussian } from "./gaussian.js";
import type { LocalProblem, Quadratic, QuadraticCost } from "./lqg.js";

export interface LocalProblemOptions {
  /** Standard deviation of the torque noise that makes the policy Gaussian, fractions of the limits. */
  readonly torqueNoise: number;
  /** Standard deviation of the positions at the start, rad or m. */
  readonly startNoise: number;
  /** Steps of the state for the central differences of the policy: positions (rad or m), velocities. */
  readonly probe: readonly [position: number, velocity: number];
  /**
   * Derivatives of the dynamics: the simulator's own at each state, or differences over `probe` and the torque noise
   * for tasks where contacts come and go.
   */
  readonly dynamics: "derivatives" | "differences";
  /** Upper limits of the standard deviations from the trajectory: positions (rad or m), velocities. */
  readonly widest: readonly [position: number, velocity: number];
}

/** The policy's run without noise, from the task's state to the end of the episode. */
export interface Run {
  /** [T + 1] of [2 nv], and [T] of [m]. */
  readonly states: readonly Float64Array[];
  readonly controls: readonly Float64Array[];
  readonly cost: number;
}

/** The policy's run and the optimal control problem around it. */
export interface LinearisedRun extends Run {
  readonly problem: LocalProblem;
}

/** Cost of the policy's run. Leaves the task at the end of the episode. */
export async function costOfRun(task: Task, act: Act): Promise<number> {
  const control = task.problem();
  try {
    return (await runOut(task, act, control)).cost;
  } finally {
    control.cost.delete();
  }
}

/**
 * Runs the policy, and expands around its trajectory: the simulator's dynamics (`mjd_transitionFD`: no model is fitted),
 * the cost to second order, and the policy through its camera by central differences, image and configuration changing
 * together. Leaves the task at the end of the episode.
 */
export async function linearised(task: Task, act: Act, options: LocalProblemOptions): Promise<LinearisedRun> {
  const control = task.problem();
  try {
    const { states, controls, cost, costs, last } = await runOut(task, act, control);
    const end = task.save();
    const policy: LinearGaussian[] = [];
    const covariance = diagonal(task.torqueLimit.map((limit) => (options.torqueNoise * limit) ** 2));
    const offset = new Float64Array(task.joints.length);
    for (let tick = 0; tick < task.ticks; tick++) {
      policy.push({ gain: await policyGain(task, act, states[tick]!, options.probe), offset, covariance });
    }
    task.restore(end);
    const n = states[0]!.length;
    const start = {
      mean: new Float64Array(n),
      covariance: diagonal(Float64Array.from({ length: n }, (_, i) => (i < n / 2 ? options.startNoise ** 2 : 0))),
    };
    const each = ([position, velocity]: readonly [number, number]): Float64Array =>
      Float64Array.from({ length: n }, (_, i) => (i < n / 2 ? position : velocity));
    const widest = each(options.widest);
    const steps = {
      states: each(options.probe),
      controls: task.torqueLimit.map((limit) => options.torqueNoise * limit),
    };
    const dynamics = controls.map((torque, tick) =>
      options.dynamics === "derivatives"
        ? control.step.linearise(states[tick]!, torque)
        : control.step.difference(states[tick]!, torque, steps),
    );
    return { states, controls, cost, problem: { dynamics, costs, last, policy, start, widest } };
  } finally {
    control.cost.delete();
  }
}

async function runOut(
  task: Task,
  act: Act,
  control: ControlProblem,
): Promise<Run & { readonly costs: readonly QuadraticCost[]; readonly last: Quadratic }> {
  const states: Float64Array[] = [task.state()];
  const controls: Float64Array[] = [];
  for (let tick = 0; tick < task.ticks; tick++) {
    const torque = within((await act(task)).torque, task.torqueLimit);
    task.step(torque);
    controls.push(torque);
    states.push(task.state());
  }
  const costs = controls.map((torque, tick) => quadraticCost(control, states[tick]!, torque, tick));
  const last = quadratic(control, states[task.ticks]!, task.ticks);
  return {
    states,
    controls,
    cost: costs.reduce((sum, { value }) => sum + value, last.value),
    costs: costs.map(({ quadratic: both }) => both),
    last: last.quadratic,
  };
}

/** ∂torque/∂state of the policy at a state, [m, n]. */
async function policyGain(
  task: Task,
  act: Act,
  state: Float64Array,
  [position, velocity]: LocalProblemOptions["probe"],
): Promise<Float64Array> {
  const n = state.length;
  const gain = new Float64Array(task.joints.length * n);
  for (let i = 0; i < n; i++) {
    const step = i < n / 2 ? position : velocity;
    const [more, less] = [state.slice(), state.slice()];
    more[i]! += step;
    less[i]! -= step;
    task.setState(more);
    const up = (await act(task)).torque;
    task.setState(less);
    const down = (await act(task)).torque;
    up.forEach((value, j) => {
      gain[j * n + i] = (value - down[j]!) / (2 * step);
    });
  }
  return gain;
}

function quadraticCost(
  problem: ControlProblem,
  state: Float64Array,
  torque: Float64Array,
  tick: number,
): { value: number; quadratic: QuadraticCost } {
  const { controlWeight } = problem;
  const { value, quadratic: ofState } = quadratic(problem, state, tick);
  const effort = torque.reduce((sum, u) => sum + u * u, 0);
  const control: Quadratic = {
    gradient: torque.map((u) => controlWeight * u),
    hessian: diagonal(torque.map(() => controlWeight)),
  };
  return { value: value + 0.5 * controlWeight * effort, quadratic: { state: ofState, control } };
}

function quadratic(
  { step, cost }: ControlProblem,
  state: Float64Array,
  tick: number,
): { value: number; quadratic: Quadratic } {
  const n = state.length;
  const expansion: Expansion = { gradient: new Float64Array(n), hessian: new Float64Array(n * n) };
  step.set(state);
  step.data.kinematics();
  return { value: cost.at(step.data, tick, expansion), quadratic: expansion };
}

/** Torques within their limits, N·m. */
export const within = (torque: Float64Array, limits: Float64Array): Float64Array =>
  torque.map((value, j) => Math.max(-limits[j]!, Math.min(limits[j]!, value)));

function diagonal(values: Float64Array): Float64Array {
  const matrix = new Float64Array(values.length ** 2);
  values.forEach((value, i) => {
    matrix[i * values.length + i] = value;
  });
  return matrix;
}
