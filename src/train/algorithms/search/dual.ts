import type { LinearGaussian } from "./gaussian.js";
import { backward, forward, type LocalProblem, type Prediction } from "./lqg.js";

/** Controllers within a bound of the policy, and their multiplier η. */
export interface BoundedControllers extends Prediction {
  readonly controllers: readonly LinearGaussian[];
  readonly temperature: number;
}

/** Limits of the multiplier: nearly the cost alone, nearly the policy alone. */
const COLDEST = 1e-6;
const HOTTEST = 1e30;
/** Accepted distance from the bound, as a part of it. */
const TOLERANCE = 0.05;

/**
 * min E[cost] subject to Σ E[KL(p ‖ policy)] ≤ `bound` (nats over the whole episode), by bisection of the logarithm of
 * the multiplier η: the divergence falls as η rises. Where the bound is not active, η is the smallest one.
 * Undefined where no controller lies within the bound, because the deviations from the trajectory of an unstable policy
 * grow without limit.
 */
export function boundedControllers(problem: LocalProblem, bound: number): BoundedControllers | undefined {
  const solve = (temperature: number): BoundedControllers | undefined => {
    const controllers = backward(problem, temperature);
    return controllers && { controllers, temperature, ...forward(problem, controllers) };
  };
  let [low, high] = [Math.log(COLDEST), Math.log(HOTTEST)];
  const coldest = solve(COLDEST);
  if (coldest !== undefined && coldest.divergence <= bound) return coldest;
  let best = solve(HOTTEST);
  if (best === undefined || best.divergence > bound) return undefined;
  while (best.divergence < (1 - TOLERANCE) * bound && high - low > 1e-6) {
    const middle = 0.5 * (low + high);
    const found = solve(Math.exp(middle));
    if (found === undefined || found.divergence > bound || !Number.isFinite(found.divergence)) low = middle;
    else [high, best] = [middle, found];
  }
  return best;
}
