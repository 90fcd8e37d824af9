import { add, cholesky, choleskySolve, multiply, transpose } from "../../arm/matrix.js";

/** x' = A x + B u around an equilibrium, with n states and m controls. */
export interface LinearDynamics {
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly states: number;
  readonly controls: number;
}

/**
 * The infinite-horizon discrete LQR gain K[m, n] for cost Σ xᵀQx + uᵀRu: u = −K x.
 * Riccati iteration until the gain converges. `stateCost` and `controlCost` are the diagonals of Q and R.
 */
export function lqr(
  { a, b, states: n, controls: m }: LinearDynamics,
  stateCost: readonly number[],
  controlCost: readonly number[],
): Float64Array {
  const at = transpose(a, n, n);
  const bt = transpose(b, n, m);
  const q = diagonal(stateCost);
  const r = diagonal(controlCost);
  let p = q;
  let gain: Float64Array = new Float64Array(m * n);
  for (let iteration = 0; iteration < 10_000; iteration++) {
    const btp = multiply(bt, p, m, n, n);
    const factor = cholesky(add(multiply(btp, b, m, n, m), r), m);
    if (factor === undefined) throw new Error("LQR: the control cost must be positive");
    const next = choleskySolve(factor, multiply(btp, a, m, n, n), m, n);
    const atp = multiply(at, p, n, n, n);
    p = add(add(q, multiply(atp, a, n, n, n)), multiply(multiply(atp, b, n, n, m), next, n, m, n), -1);
    const change = next.reduce((most, value, i) => Math.max(most, Math.abs(value - gain[i]!)), 0);
    gain = next;
    if (change < 1e-12) break;
  }
  return gain;
}

function diagonal(values: readonly number[]): Float64Array {
  const matrix = new Float64Array(values.length ** 2);
  values.forEach((value, i) => {
    matrix[i * values.length + i] = value;
  });
  return matrix;
}
