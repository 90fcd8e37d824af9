import { add, cholesky, choleskySolve, multiply, transpose } from "../../arm/matrix.js";
import type { ControlStep } from "./linearise.js";
import type { LinearDynamics } from "./lqr.js";
import type { Expansion, StateCost } from "./state-cost.js";

export interface PlanOptions {
  /** Control steps. */
  readonly horizon: number;
  /** First state, positions then velocities, [2 nv]. */
  readonly start: Float64Array;
  readonly cost: StateCost;
  /** Weight w of ½ w u² for every control. */
  readonly controlWeight: number;
  /** Controls to start from, [horizon] of [nu]; zero without. */
  readonly controls?: readonly Float64Array[];
  /** Largest number of iterations, default 100. */
  readonly iterations?: number;
}

/**
 * An episode as an optimal control problem, for planners: states are positions then velocities of all joints of the
 * model, [2 nv]; the commanded ones come first.
 */
export interface ControlProblem extends PlanOptions {
  /** Dynamics of one control step, with the episode's goal in place. The task owns it: valid until the task's next `problem` or plan. */
  readonly step: ControlStep;
}

/** A locally optimal plan: u = controls[t] + gains[t] (x − states[t]) follows it under disturbance. */
export interface Plan {
  /** [horizon + 1] of [2 nv]. */
  readonly states: readonly Float64Array[];
  /** [horizon] of [nu]. */
  readonly controls: readonly Float64Array[];
  /** [horizon] of [nu, 2 nv]. */
  readonly gains: readonly Float64Array[];
  readonly cost: number;
  readonly iterations: number;
}

interface Policy {
  readonly offsets: Float64Array[];
  readonly gains: Float64Array[];
  /** Cost change that the quadratic model predicts for a full step (negative). */
  readonly promise: number;
}

const LARGEST_REGULARISATION = 1e6;

/**
 * Iterative LQR (Li & Todorov 2004; Tassa et al. 2012) with control limits: a control at its limit stays there while
 * the gradient pushes outward. Stops where an iteration improves the cost by less than 10⁻⁷ of it.
 */
export function plan(step: ControlStep, options: PlanOptions): Plan {
  const { horizon, iterations = 100 } = options;
  const limits = controlLimits(step);
  let trajectory = rollOut(
    step,
    options,
    limits,
    (tick) => options.controls?.[tick] ?? new Float64Array(step.controls),
  );
  let gains: Float64Array[] = Array.from({ length: horizon }, () => new Float64Array(step.controls * step.states));
  let regularisation = 1e-6;
  let iteration = 0;
  while (iteration < iterations) {
    iteration++;
    const dynamics = trajectory.controls.map((control, tick) => step.linearise(trajectory.states[tick]!, control));
    let policy = backward(step, options, trajectory, dynamics, limits, regularisation);
    while (policy === undefined) {
      regularisation *= 10;
      if (regularisation > LARGEST_REGULARISATION)
        throw new Error("iLQR: the cost has no positive curvature to follow");
      policy = backward(step, options, trajectory, dynamics, limits, regularisation);
    }
    gains = policy.gains;
    const better = search(step, options, limits, trajectory, policy);
    if (better === undefined) {
      regularisation *= 10;
      if (regularisation > LARGEST_REGULARISATION) break;
      continue;
    }
    const gained = trajectory.cost - better.cost;
    trajectory = better;
    regularisation = Math.max(regularisation / 5, 1e-9);
    if (gained < 1e-7 * trajectory.cost) break;
  }
  return { ...trajectory, gains, iterations: iteration };
}

type Limits = readonly { readonly low: number; readonly high: number }[];
type Trajectory = Pick<Plan, "states" | "controls" | "cost">;

function controlLimits({ model, controls }: ControlStep): Limits {
  const range = model.arrays.get("actuator_ctrlrange");
  return Array.from({ length: controls }, (_, i) => {
    const limited = model.isControlLimited(i);
    return {
      low: limited ? range[2 * i]! : Number.NEGATIVE_INFINITY,
      high: limited ? range[2 * i + 1]! : Number.POSITIVE_INFINITY,
    };
  });
}

/** Runs the controls of `control(tick, state)` and adds up the cost. */
function rollOut(
  step: ControlStep,
  { horizon, start, cost, controlWeight }: PlanOptions,
  limits: Limits,
  control: (tick: number, state: Float64Array) => Float64Array,
): Trajectory {
  const states: Float64Array[] = [start.slice()];
  const controls: Float64Array[] = [];
  let total = 0;
  for (let tick = 0; tick < horizon; tick++) {
    const state = states[tick]!;
    const u = control(tick, state).map((value, i) => Math.max(limits[i]!.low, Math.min(limits[i]!.high, value)));
    total +=
      stateCost(step, cost, state, tick) + 0.5 * controlWeight * u.reduce((sum, value) => sum + value * value, 0);
    controls.push(u);
    states.push(step.next(state, u));
  }
  total += stateCost(step, cost, states[horizon]!, horizon);
  return { states, controls, cost: total };
}

function stateCost(
  step: ControlStep,
  cost: StateCost,
  state: Float64Array,
  tick: number,
  expansion?: Expansion,
): number {
  step.set(state);
  step.data.kinematics();
  return cost.at(step.data, tick, expansion);
}

/** Line search: halves the step length from 1 until the cost falls by a part of the prediction. */
function search(
  step: ControlStep,
  options: PlanOptions,
  limits: Limits,
  { states, controls, cost }: Trajectory,
  { offsets, gains, promise }: Policy,
): Trajectory | undefined {
  const n = step.states;
  for (let length = 1; length > 1e-4; length /= 2) {
    const trial = rollOut(step, options, limits, (tick, state) => {
      const away = add(state, states[tick]!, -1);
      const feedback = multiply(gains[tick]!, away, step.controls, n, 1);
      return controls[tick]!.map((value, i) => value + length * offsets[tick]![i]! + feedback[i]!);
    });
    if (trial.cost < cost + 1e-4 * length * promise) return trial;
  }
  return undefined;
}

/** Riccati recursion along the trajectory; undefined where a control Hessian is not positive definite. */
function backward(
  step: ControlStep,
  { horizon, cost, controlWeight }: PlanOptions,
  { states, controls }: Trajectory,
  dynamics: readonly LinearDynamics[],
  limits: Limits,
  regularisation: number,
): Policy | undefined {
  const n = step.states;
  const m = step.controls;
  const expansion: Expansion = { gradient: new Float64Array(n), hessian: new Float64Array(n * n) };
  stateCost(step, cost, states[horizon]!, horizon, expansion);
  let vx: Float64Array = expansion.gradient.slice();
  let vxx: Float64Array = expansion.hessian.slice();
  const offsets: Float64Array[] = new Array(horizon);
  const gains: Float64Array[] = new Array(horizon);
  let promise = 0;
  for (let tick = horizon - 1; tick >= 0; tick--) {
    const { a, b } = dynamics[tick]!;
    const u = controls[tick]!;
    stateCost(step, cost, states[tick]!, tick, expansion);
    const at = transpose(a, n, n);
    const bt = transpose(b, n, m);
    const btv = multiply(bt, vxx, m, n, n);
    const qx = add(expansion.gradient, multiply(at, vx, n, n, 1));
    const qu = multiply(bt, vx, m, n, 1).map((value, i) => value + controlWeight * u[i]!);
    const qxx = add(expansion.hessian, multiply(multiply(at, vxx, n, n, n), a, n, n, n));
    const qux = multiply(btv, a, m, n, n);
    const quu = multiply(btv, b, m, n, m).map((value, i) => value + (i % (m + 1) === 0 ? controlWeight : 0));
    const held = u.map((value, i) =>
      Number((value <= limits[i]!.low && qu[i]! > 0) || (value >= limits[i]!.high && qu[i]! < 0)),
    );
    const solution = solveFree(quu, qu, qux, held, regularisation, n);
    if (solution === undefined) return undefined;
    const { offset: k, gain } = solution;
    offsets[tick] = k;
    gains[tick] = gain;
    const quuk = multiply(quu, k, m, m, 1);
    for (let i = 0; i < m; i++) promise += k[i]! * (qu[i]! + 0.5 * quuk[i]!);
    // V = Q with u = k + K x put in; K and k differ from the minimiser where controls are held or regularised.
    const gainT = transpose(gain, m, n);
    const quxT = transpose(qux, m, n);
    vx = add(add(qx, multiply(gainT, add(quuk, qu), n, m, 1)), multiply(quxT, k, n, m, 1));
    const cross = multiply(gainT, qux, n, m, n);
    const square = multiply(gainT, multiply(quu, gain, m, m, n), n, m, n);
    vxx = symmetric(add(add(add(qxx, square), cross), transpose(cross, n, n)), n);
  }
  return { offsets, gains, promise };
}

/** Minimises over the controls that are not held: offset [m] and gain [m, n]; zero for held ones. */
function solveFree(
  quu: Float64Array,
  qu: Float64Array,
  qux: Float64Array,
  held: Float64Array,
  regularisation: number,
  n: number,
): { offset: Float64Array; gain: Float64Array } | undefined {
  const m = qu.length;
  const matrix = quu.map((value, at) => {
    const [row, column] = [Math.floor(at / m), at % m];
    if (held[row] || held[column]) return row === column ? 1 : 0;
    return value + (row === column ? regularisation : 0);
  });
  const factor = cholesky(matrix, m);
  if (factor === undefined) return undefined;
  const free = (row: number): number => (held[row] ? 0 : -1);
  return {
    offset: choleskySolve(
      factor,
      qu.map((value, i) => free(i) * value),
      m,
      1,
    ),
    gain: choleskySolve(
      factor,
      qux.map((value, at) => free(Math.floor(at / n)) * value),
      m,
      n,
    ),
  };
}

function symmetric(matrix: Float64Array, n: number): Float64Array {
  const other = transpose(matrix, n, n);
  return matrix.map((value, i) => 0.5 * (value + other[i]!));
}
