import { add, cholesky, choleskySolve, multiply, transpose } from "../../../arm/matrix.js";
import type { LinearDynamics } from "../../../sim/expert/lqr.js";
import { expectedDivergence, type Gaussian, type LinearGaussian } from "./gaussian.js";

/** gᵀx + ½ xᵀHx of the states and of the controls at one control step; all are deviations from a trajectory. */
export interface QuadraticCost {
  readonly state: Quadratic;
  readonly control: Quadratic;
}

export interface Quadratic {
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

/** Linear-quadratic optimal control over T control steps, near a policy. */
export interface LocalProblem {
  /** x' = A x + B u, [T]. */
  readonly dynamics: readonly LinearDynamics[];
  /** [T]. */
  readonly costs: readonly QuadraticCost[];
  /** Cost of the last state. */
  readonly last: Quadratic;
  /** The policy linearised, [T]. */
  readonly policy: readonly LinearGaussian[];
  readonly start: Gaussian;
  /** Upper limit of each state's standard deviation, [n]: that of an unstable policy grows without bound. */
  readonly widest: Float64Array;
}

/**
 * The controllers [T] that minimise E[cost] / η + KL(p ‖ policy): LQG of maximum entropy with the cost
 * ℓ / η − ln π(u|x) (Levine & Abbeel 2014). Undefined where a control Hessian is not positive definite.
 */
export function backward(
  { dynamics, costs, last, policy }: LocalProblem,
  temperature: number,
): LinearGaussian[] | undefined {
  const controllers: LinearGaussian[] = new Array(dynamics.length);
  let v = scaled(last.gradient, temperature);
  let vv = scaled(last.hessian, temperature);
  for (let tick = dynamics.length - 1; tick >= 0; tick--) {
    const { a, b, states: n, controls: m } = dynamics[tick]!;
    const { state, control } = costs[tick]!;
    const { gain: policyGain, offset: policyOffset, covariance } = policy[tick]!;
    const precision = inverse(covariance, m);
    const r = scaled(control.gradient, temperature);
    const rr = scaled(control.hessian, temperature);
    const bt = transpose(b, n, m);
    // In terms of the controller's difference from the policy, w = u − K̄x − k̄, to avoid subtracting large numbers.
    const followed = add(a, multiply(b, policyGain, n, m, n));
    const pushed = add(v, multiply(vv, multiply(b, policyOffset, n, m, 1), n, n, 1));
    const vb = multiply(vv, b, n, n, m);
    const qww = add(add(precision, rr), multiply(bt, vb, m, n, m));
    const qwx = add(multiply(rr, policyGain, m, m, n), multiply(bt, multiply(vv, followed, n, n, n), m, n, n));
    const qw = add(add(r, multiply(rr, policyOffset, m, m, 1)), multiply(bt, pushed, m, n, 1));
    const factor = cholesky(qww, m);
    if (factor === undefined) return undefined;
    const addedGain = choleskySolve(factor, qwx, m, n).map((value) => -value);
    const addedOffset = choleskySolve(factor, qw, m, 1).map((value) => -value);
    const gain = add(policyGain, addedGain);
    const offset = add(policyOffset, addedOffset);
    controllers[tick] = { gain, offset, covariance: choleskySolve(factor, identity(m), m, m) };
    // The value of following the controller, a sum of positive semi-definite parts.
    const closed = add(a, multiply(b, gain, n, m, n));
    const [closedT, gainT, addedT] = [transpose(closed, n, n), transpose(gain, m, n), transpose(addedGain, m, n)];
    const ahead = add(v, multiply(vv, multiply(b, offset, n, m, 1), n, n, 1));
    const effort = add(r, multiply(rr, offset, m, m, 1));
    const parts = [
      multiply(gainT, effort, n, m, 1),
      multiply(addedT, multiply(precision, addedOffset, m, m, 1), n, m, 1),
      multiply(closedT, ahead, n, n, 1),
    ];
    const squares = [
      multiply(gainT, multiply(rr, gain, m, m, n), n, m, n),
      multiply(addedT, multiply(precision, addedGain, m, m, n), n, m, n),
      multiply(closedT, multiply(vv, closed, n, n, n), n, n, n),
    ];
    v = parts.reduce((sum, part) => add(sum, part), scaled(state.gradient, temperature));
    vv = squares.reduce((sum, part) => add(sum, part), scaled(state.hessian, temperature));
  }
  return controllers;
}

/** Prediction of controllers' results under a problem's linear dynamics and quadratic cost. */
export interface Prediction {
  /** E[cost]. */
  readonly cost: number;
  /** The cost of the mean trajectory. */
  readonly nominal: number;
  /** Σ over the control steps of E[KL(controller ‖ policy)], nats. */
  readonly divergence: number;
}

export function forward(
  { dynamics, costs, last, policy, start, widest }: LocalProblem,
  controllers: readonly LinearGaussian[],
): Prediction {
  let x = start;
  let cost = 0;
  let nominal = 0;
  let divergence = 0;
  controllers.forEach((controller, tick) => {
    const { a, b, states: n, controls: m } = dynamics[tick]!;
    const { gain, offset, covariance } = controller;
    const gainT = transpose(gain, m, n);
    const u: Gaussian = {
      mean: add(multiply(gain, x.mean, m, n, 1), offset),
      covariance: add(multiply(multiply(gain, x.covariance, m, n, n), gainT, m, n, m), covariance),
    };
    const { state, control } = costs[tick]!;
    cost += expected(state, x) + expected(control, u);
    nominal += expected(state, alone(x)) + expected(control, alone(u));
    divergence += expectedDivergence(controller, policy[tick]!, x);
    const closed = add(a, multiply(b, gain, n, m, n));
    const noise = multiply(multiply(b, covariance, n, m, m), transpose(b, n, m), n, m, n);
    x = {
      mean: add(multiply(a, x.mean, n, n, 1), multiply(b, u.mean, n, m, 1)),
      covariance: narrowed(
        add(multiply(multiply(closed, x.covariance, n, n, n), transpose(closed, n, n), n, n, n), noise),
        widest,
      ),
    };
  });
  return { cost: cost + expected(last, x), nominal: nominal + expected(last, alone(x)), divergence };
}

/** The mean without covariance. */
const alone = ({ mean, covariance }: Gaussian): Gaussian => ({ mean, covariance: new Float64Array(covariance.length) });

/** E[gᵀx + ½ xᵀHx]. */
function expected({ gradient, hessian }: Quadratic, { mean, covariance }: Gaussian): number {
  const n = mean.length;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += gradient[i]! * mean[i]!;
    for (let j = 0; j < n; j++) sum += 0.5 * hessian[i * n + j]! * (mean[i]! * mean[j]! + covariance[i * n + j]!);
  }
  return sum;
}

/** Scales states down whose deviation is too large; correlations stay. */
function narrowed(covariance: Float64Array, widest: Float64Array): Float64Array {
  const n = widest.length;
  const factors = widest.map((most, i) => Math.min(1, most / Math.sqrt(covariance[i * n + i]!)));
  return covariance.map((value, at) => value * factors[Math.floor(at / n)]! * factors[at % n]!);
}

function inverse(matrix: Float64Array, m: number): Float64Array {
  const factor = cholesky(matrix, m);
  if (factor === undefined) throw new Error("a covariance is not positive definite");
  return choleskySolve(factor, identity(m), m, m);
}

function identity(m: number): Float64Array {
  return Float64Array.from({ length: m * m }, (_, i) => Number(i % (m + 1) === 0));
}

const scaled = (values: Float64Array, temperature: number): Float64Array => values.map((value) => value / temperature);
