import { cholesky, choleskySolve, multiply, transpose } from "../../../arm/matrix.js";

/** u ~ N(gain · x + offset, covariance) with n states and m controls, at one control step. */
export interface LinearGaussian {
  /** [m, n]. */
  readonly gain: Float64Array;
  /** [m]. */
  readonly offset: Float64Array;
  /** [m, m], positive definite. */
  readonly covariance: Float64Array;
}

/** Mean and covariance of a state: [n] and [n, n]. */
export interface Gaussian {
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
}

/**
 * E[KL(p(·|x) ‖ q(·|x))] over a Gaussian x, nats: ½ (tr(Σq⁻¹Σp) − m + ln |Σq| / |Σp| + E[dᵀΣq⁻¹d]), where d is the
 * difference of the two means at x.
 */
export function expectedDivergence(p: LinearGaussian, q: LinearGaussian, x: Gaussian): number {
  const m = p.offset.length;
  const n = x.mean.length;
  const factorP = factorOf(p.covariance, m);
  const factorQ = factorOf(q.covariance, m);
  const gain = p.gain.map((value, i) => value - q.gain[i]!);
  const mean = multiply(gain, x.mean, m, n, 1).map((value, j) => value + p.offset[j]! - q.offset[j]!);
  const spread = multiply(multiply(gain, x.covariance, m, n, n), transpose(gain, m, n), m, n, m);
  const squares = spread.map((value, at) => value + mean[Math.floor(at / m)]! * mean[at % m]!);
  const sum = p.covariance.map((value, at) => value + squares[at]!);
  return (
    0.5 * (trace(choleskySolve(factorQ, sum, m, m), m) - m + logDeterminant(factorQ, m) - logDeterminant(factorP, m))
  );
}

function factorOf(covariance: Float64Array, m: number): Float64Array {
  const factor = cholesky(covariance, m);
  if (factor === undefined) throw new Error("a covariance is not positive definite");
  return factor;
}

/** ln |A| from its Cholesky factor. */
function logDeterminant(factor: Float64Array, m: number): number {
  let sum = 0;
  for (let i = 0; i < m; i++) sum += 2 * Math.log(factor[i * m + i]!);
  return sum;
}

function trace(a: Float64Array, m: number): number {
  let sum = 0;
  for (let i = 0; i < m; i++) sum += a[i * m + i]!;
  return sum;
}
