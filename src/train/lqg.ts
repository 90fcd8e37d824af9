import { add, cholesky, choleskySolve, multiply, transpose } from "../arm/matrix.js";
import type { LinearDynamics } from "../sim/lqr.js";
import { expectedDivergence, type Gaussian, type LinearGaussian } from "./gaussian.js";

/** gᵀx + ½ xᵀHx of the states and of the controls at one control step; everything is a deviation from a trajectory. */
export interface QuadraticCost {
  readonly state: Quadratic;
  readonly control: Quadratic;
}

export interface Quadratic {
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

/** Optimal control over T control steps, linear and quadratic, near a policy that shall not be left far behind. */
export interface LocalProblem {
  /** x' = A x + B u, [T]. */
  readonly dynamics: readonly LinearDynamics[];
  /** [T]. */
  readonly costs: readonly QuadraticCost[];
  /** At the end. */
  readonly last: Quadratic;
  /** The policy linearised, [T]. */
  readonly policy: readonly LinearGaussian[];
  readonly start: Gaussian;
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
    const reference = policy[tick]!;
    const precision = inverse(reference.covariance, m);
    const pull = multiply(precision, reference.gain, m, m, n);
    const push = multiply(precision, reference.offset, m, m, 1);
    const [at, bt, gt] = [transpose(a, n, n), transpose(b, n, m), transpose(reference.gain, m, n)];
    const va = multiply(vv, a, n, n, n);
    const vb = multiply(vv, b, n, n, m);
    const quu = add(add(scaled(control.hessian, temperature), precision), multiply(bt, vb, m, n, m));
    const qux = add(multiply(bt, va, m, n, n), pull, -1);
    const qu = add(add(scaled(control.gradient, temperature), multiply(bt, v, m, n, 1)), push, -1);
    const qx = add(add(scaled(state.gradient, temperature), multiply(at, v, n, n, 1)), multiply(gt, push, n, m, 1));
    const qxx = add(add(scaled(state.hessian, temperature), multiply(at, va, n, n, n)), multiply(gt, pull, n, m, n));
    const factor = cholesky(quu, m);
    if (factor === undefined) return undefined;
    const gain = choleskySolve(factor, qux, m, n).map((value) => -value);
    const offset = choleskySolve(factor, qu, m, 1).map((value) => -value);
    controllers[tick] = { gain, offset, covariance: choleskySolve(factor, identity(m), m, m) };
    const quxT = transpose(qux, m, n);
    v = add(qx, multiply(quxT, offset, n, m, 1));
    const next = add(qxx, multiply(quxT, gain, n, m, n));
    vv = next.map((value, i) => 0.5 * (value + next[(i % n) * n + Math.floor(i / n)]!));
  }
  return controllers;
}

/** What controllers lead to under a problem's linear dynamics and quadratic cost. */
export interface Outlook {
  /** E[cost]. */
  readonly cost: number;
  /** Σ over the control steps of E[KL(controller ‖ policy)], nats. */
  readonly divergence: number;
}

export function forward(
  { dynamics, costs, last, policy, start }: LocalProblem,
  controllers: readonly LinearGaussian[],
): Outlook {
  let x = start;
  let cost = 0;
  let divergence = 0;
  controllers.forEach((controller, tick) => {
    const { a, b, states: n, controls: m } = dynamics[tick]!;
    const { gain, offset, covariance } = controller;
    const gainT = transpose(gain, m, n);
    const u: Gaussian = {
      mean: add(multiply(gain, x.mean, m, n, 1), offset),
      covariance: add(multiply(multiply(gain, x.covariance, m, n, n), gainT, m, n, m), covariance),
    };
    cost += expected(costs[tick]!.state, x) + expected(costs[tick]!.control, u);
    divergence += expectedDivergence(controller, policy[tick]!, x);
    const closed = add(a, multiply(b, gain, n, m, n));
    const noise = multiply(multiply(b, covariance, n, m, m), transpose(b, n, m), n, m, n);
    x = {
      mean: add(multiply(a, x.mean, n, n, 1), multiply(b, u.mean, n, m, 1)),
      covariance: add(multiply(multiply(closed, x.covariance, n, n, n), transpose(closed, n, n), n, n, n), noise),
    };
  });
  return { cost: cost + expected(last, x), divergence };
}

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

function inverse(matrix: Float64Array, m: number): Float64Array {
  const factor = cholesky(matrix, m);
  if (factor === undefined) throw new Error("a covariance is not positive definite");
  return choleskySolve(factor, identity(m), m, m);
}

function identity(m: number): Float64Array {
  return Float64Array.from({ length: m * m }, (_, i) => Number(i % (m + 1) === 0));
}

const scaled = (values: Float64Array, temperature: number): Float64Array => values.map((value) => value / temperature);
