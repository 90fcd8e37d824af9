import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedControllers } from "#src/train/algorithms/search/dual.js";
import type { LinearGaussian } from "#src/train/algorithms/search/gaussian.js";
import { backward, forward, type LocalProblem, type Quadratic } from "#src/train/algorithms/search/lqg.js";
import { nextBound } from "#src/train/algorithms/search/mirror-descent.js";
import { randoms, relativeError } from "../../../evaluate.js";
import { solve } from "./slow-algebra.js";

const [N, M, T] = [3, 2, 5];

const identity = (n: number, scale = 1): Float64Array =>
  Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? scale : 0));

/** A Bᵀ-like square that is positive definite. */
function positive(n: number, seed: number, least = 0.1): Float64Array {
  const root = randoms(n * n, seed);
  return identity(n, least).map((value, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = value;
    for (let k = 0; k < n; k++) sum += root[i * n + k]! * root[j * n + k]!;
    return sum;
  });
}

function randomProblem(seed: number): LocalProblem {
  const number = (k: number): number => 100 * seed + k;
  const quadratic = (n: number, k: number): Quadratic => ({
    gradient: Float64Array.from(randoms(n, number(k))),
    hessian: positive(n, number(k + 1)),
  });
  const ticks = Array.from({ length: T }, (_, tick) => 10 * tick);
  return {
    dynamics: ticks.map((k) => ({
      a: identity(N).map((value, i) => value + 0.3 * randoms(N * N, number(k + 1))[i]!),
      b: Float64Array.from(randoms(N * M, number(k + 2))),
      states: N,
      controls: M,
    })),
    costs: ticks.map((k) => ({ state: quadratic(N, k + 3), control: quadratic(M, k + 5) })),
    last: quadratic(N, 91),
    policy: ticks.map((k) => ({
      gain: Float64Array.from(randoms(M * N, number(k + 7))),
      offset: Float64Array.from(randoms(M, number(k + 8))),
      covariance: positive(M, number(k + 9)),
    })),
    start: { mean: Float64Array.from(randoms(N, number(95))), covariance: positive(N, number(96)) },
    widest: new Float64Array(N).fill(Number.POSITIVE_INFINITY),
  };
}

/**
 * cost(controls) / η − ln policy(controls), up to a constant, along the linear dynamics from a state, by running it:
 * the oracle knows the definition only.
 */
function run(
  { dynamics, costs, last, policy }: LocalProblem,
  eta: number,
  from: number,
  x0: Float64Array,
  u: Float64Array,
) {
  const value = ({ gradient, hessian }: Quadratic, x: Float64Array): number =>
    x.reduce(
      (sum, xi, i) =>
        sum + gradient[i]! * xi + 0.5 * xi * x.reduce((s, xj, j) => s + hessian[i * x.length + j]! * xj, 0),
      0,
    );
  let x = x0;
  let total = 0;
  for (let tick = from; tick < T; tick++) {
    const control = u.slice((tick - from) * M, (tick - from + 1) * M);
    const { a, b } = dynamics[tick]!;
    const { gain, offset, covariance } = policy[tick]!;
    total += (value(costs[tick]!.state, x) + value(costs[tick]!.control, control)) / eta;
    const off = control.map((c, j) => c - offset[j]! - x.reduce((s, xi, i) => s + gain[j * N + i]! * xi, 0));
    const solved = solve([...covariance], [...off]);
    total += 0.5 * off.reduce((s, o, j) => s + o * solved[j]!, 0);
    const [state] = [x];
    x = state.map(
      (_, i) =>
        state.reduce((s, xj, j) => s + a[i * N + j]! * xj, 0) + control.reduce((s, c, j) => s + b[i * M + j]! * c, 0),
    );
  }
  return total + value(last, x) / eta;
}

/** Gradient and Hessian of a quadratic function of k numbers, from its values. */
function expand(k: number, f: (u: Float64Array) => number): { gradient: number[]; hessian: number[] } {
  const at = (...ones: number[]): Float64Array => {
    const u = new Float64Array(k);
    for (const i of ones) u[i]! += 1;
    return u;
  };
  const zero = f(at());
  const single = Array.from({ length: k }, (_, i) => f(at(i)));
  const hessian = Array.from({ length: k * k }, (_, index) => {
    const [i, j] = [Math.floor(index / k), index % k];
    return f(at(i, j)) - single[i]! - single[j]! + zero;
  });
  return { gradient: single.map((value, i) => value - zero - 0.5 * hessian[i * k + i]!), hessian };
}

describe("the backward pass", () => {
  it("gives the first control of the dense solution of the whole horizon, from every tick", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.double({ min: 0.1, max: 30, noNaN: true }), (seed, eta) => {
        const problem = randomProblem(seed);
        const controllers = backward(problem, eta)!;
        for (const from of [0, 2, T - 1]) {
          const k = (T - from) * M;
          const x = Float64Array.from(randoms(N, seed + 7));
          const { gradient, hessian } = expand(k, (u) => run(problem, eta, from, x, u));
          const best = solve(
            hessian,
            gradient.map((value) => -value),
          );
          const { gain, offset, covariance } = controllers[from]!;
          const control = offset.map((value, j) => value + x.reduce((s, xi, i) => s + gain[j * N + i]! * xi, 0));
          expect(relativeError(control, best.slice(0, M))).toBeLessThan(1e-6);
          // exp(−the function) is a Gaussian over all controls; the covariance of the first one given x.
          const columns = [0, 1].map((i) =>
            solve(
              hessian,
              Array.from({ length: k }, (_, j) => Number(i === j)),
            ),
          );
          expect(
            relativeError(
              covariance,
              [0, 1].flatMap((i) => [0, 1].map((j) => columns[j]![i]!)),
            ),
          ).toBeLessThan(1e-6);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("leaves the policy unchanged at zero weight of the cost", () => {
    const problem = randomProblem(3);
    const controllers = backward(problem, 1e12)!;
    controllers.forEach((controller, tick) => {
      for (const part of ["gain", "offset", "covariance"] as const)
        expect(relativeError(controller[part], problem.policy[tick]![part])).toBeLessThan(1e-6);
    });
    expect(forward(problem, controllers).divergence).toBeLessThan(1e-9);
  });
});

it("the prediction is the mean over many runs", () => {
  const problem = randomProblem(4);
  const controllers: LinearGaussian[] = backward(problem, 2)!;
  const zero = { gradient: new Float64Array(N), hessian: new Float64Array(N * N) };
  // With certain controls, along one trajectory: the cost of running the means.
  const certain: LocalProblem = {
    ...problem,
    start: { mean: problem.start.mean, covariance: new Float64Array(N * N) },
    costs: problem.costs.map(({ state, control }) => ({ state, control })),
    last: problem.last,
  };
  const tiny = controllers.map((c) => ({ ...c, covariance: identity(M, 1e-12) }));
  let x = problem.start.mean;
  const u = new Float64Array(T * M);
  tiny.forEach(({ gain, offset }, tick) => {
    const control = offset.map((value, j) => value + x.reduce((s, xi, i) => s + gain[j * N + i]! * xi, 0));
    u.set(control, tick * M);
    const { a, b } = problem.dynamics[tick]!;
    const state = x;
    x = state.map(
      (_, i) =>
        state.reduce((s, xj, j) => s + a[i * N + j]! * xj, 0) + control.reduce((s, c, j) => s + b[i * M + j]! * c, 0),
    );
  });
  const free: LocalProblem = {
    ...certain,
    policy: certain.policy.map(() => ({
      gain: new Float64Array(M * N),
      offset: new Float64Array(M),
      covariance: identity(M, 1e12),
    })),
  };
  expect(forward(certain, tiny).cost).toBeCloseTo(run(free, 1, 0, problem.start.mean, u), 6);
  // Uncertain ones add ½ tr(H Σ); with no dynamics after it, of the last tick alone.
  const still: LocalProblem = {
    ...problem,
    costs: problem.costs.map(({ control }) => ({ state: zero, control })),
    last: zero,
  };
  const spread = controllers.map((c) => ({ ...c, gain: new Float64Array(M * N), offset: new Float64Array(M) }));
  const expected = spread.reduce((sum, { covariance }, tick) => {
    const { hessian } = still.costs[tick]!.control;
    return sum + 0.5 * covariance.reduce((s, value, i) => s + value * hessian[i]!, 0);
  }, 0);
  expect(forward(still, spread).cost).toBeCloseTo(expected, 9);
});

describe("the bound", () => {
  it("is met and active, and a wider one costs no more", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.double({ min: 0.05, max: 2, noNaN: true }), (seed, bound) => {
        const problem = randomProblem(seed);
        const found = boundedControllers(problem, bound)!;
        expect(found.divergence).toBeLessThanOrEqual(bound);
        expect(found.divergence).toBeGreaterThan(0.9 * bound);
        expect(found.cost).toBeLessThan(forward(problem, problem.policy).cost);
        expect(boundedControllers(problem, 2 * bound)!.cost).toBeLessThan(found.cost);
      }),
      { numRuns: 15 },
    );
  });

  it("can be met near an unstable policy: deviations are limited", () => {
    const calm = randomProblem(6);
    const wild = calm.policy.map((policy) => ({ ...policy, gain: policy.gain.map((value) => 30 * value) }));
    const found = boundedControllers({ ...calm, policy: wild, widest: new Float64Array(N).fill(2) }, 1)!;
    expect(found.divergence).toBeLessThanOrEqual(1);
    // Limits that are never reached change nothing.
    const roomy = { ...calm, widest: new Float64Array(N).fill(1e3) };
    expect(boundedControllers(roomy, 1)).toEqual(boundedControllers(calm, 1));
  });

  it("cannot be met where the policy is beyond all limits", () => {
    const calm = randomProblem(6);
    const wild = calm.policy.map((policy) => ({ ...policy, gain: policy.gain.map((value) => 1e200 * value) }));
    expect(boundedControllers({ ...calm, policy: wild }, 1)).toBeUndefined();
  });

  it("is not active when it is wide", () => {
    expect(boundedControllers(randomProblem(5), 1e9)!.temperature).toBe(1e-6);
  });

  it("grows after a correct prediction, shrinks after a wrong one, and stays near the first one", () => {
    const before = { cost: 10, error: 0, success: false, improved: true, promise: 4, bound: 1, divergence: 1 };
    expect(nextBound(before, 6, 1)).toBe(2);
    expect(nextBound(before, 8, 1)).toBe(1);
    expect(nextBound(before, 10, 1)).toBe(0.5);
    expect(nextBound(before, 50, 1)).toBe(0.2);
    expect(nextBound({ ...before, bound: 9 }, 6, 1)).toBe(10);
    expect(nextBound({ ...before, bound: 0.03 }, 1000, 1)).toBe(0.01);
  });
});
