import type { Data } from "../../arm/data.js";

/** The cost of a state in a plan. States are positions then velocities, [2 nv]. Poses of `data` are up to date. */
export interface StateCost {
  /** The cost at one control step; with `expansion` also its gradient [2 nv] and Hessian [2 nv, 2 nv], overwritten. */
  at(data: Data, tick: number, expansion?: Expansion): number;
  delete(): void;
}

export interface Expansion {
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

/** Metres in the world. */
export type Point = readonly [x: number, y: number, z: number];

/** Position of a named site, metres. */
export type Sites = (name: string) => Point;

/** Weights of the squared distance, and of the distance itself for the last millimetres. */
export interface DistanceWeights {
  readonly squared: number;
  readonly linear: number;
}

/** Keeps the linear term smooth near zero. */
const SMOOTHING = 1e-4;

/**
 * ½ w d² + l √(d² + 10⁻⁴) of an error of length d (Levine et al. 2016). `slope` is its derivative with respect to ½ d²:
 * the gradient is slope · error, the Gauss–Newton Hessian slope · I.
 */
export function distanceCost(
  error: readonly number[],
  { squared, linear }: DistanceWeights,
): { readonly cost: number; readonly slope: number } {
  const distance2 = error.reduce((sum, value) => sum + value * value, 0);
  const smooth = Math.sqrt(distance2 + SMOOTHING);
  return { cost: 0.5 * squared * distance2 + linear * smooth, slope: squared + linear / smooth };
}

/** Adds ½ w v² of all joint velocities to `cost` and to the expansion; returns the sum. */
export function addVelocityCost(cost: number, data: Data, weight: number, expansion?: Expansion): number {
  const velocity = data.arrays.get("qvel");
  const nv = velocity.length;
  let sum = cost;
  for (let i = 0; i < nv; i++) {
    sum += 0.5 * weight * velocity[i]! ** 2;
    if (expansion === undefined) continue;
    expansion.gradient[nv + i]! += weight * velocity[i]!;
    expansion.hessian[(nv + i) * 2 * nv + nv + i]! += weight;
  }
  return sum;
}
