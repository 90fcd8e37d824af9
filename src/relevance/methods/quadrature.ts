/** Points in [0, 1] and their weights, which add up to 1: Σ w f(t) for ∫₀¹ f dt. */
export interface Quadrature {
  readonly points: Float64Array;
  readonly weights: Float64Array;
}

const even = (n: number, point: (i: number) => number): Quadrature => ({
  points: Float64Array.from({ length: n }, (_, i) => point(i)),
  weights: new Float64Array(n).fill(1 / n),
});

/** Exact for polynomials up to degree 2n − 1: the roots of the Legendre polynomial P_n, found by Newton's method. */
function gaussLegendre(n: number): Quadrature {
  const points = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (n - i - 0.25)) / (n + 0.5));
    let slope = 1;
    for (let change = 1; Math.abs(change) > 1e-15; ) {
      let [before, p] = [1, x];
      for (let k = 2; k <= n; k++) [before, p] = [p, ((2 * k - 1) * x * p - (k - 1) * before) / k];
      slope = (n * (x * p - before)) / (x * x - 1);
      change = p / slope;
      x -= Math.abs(change) > 1e-15 ? change : 0;
    }
    points[i] = (1 + x) / 2;
    weights[i] = 1 / ((1 - x * x) * slope * slope);
  }
  return { points, weights };
}

function trapezoid(n: number): Quadrature {
  if (n === 1) return even(1, () => 0.5);
  const weights = Float64Array.from({ length: n }, (_, i) => (i === 0 || i === n - 1 ? 0.5 : 1) / (n - 1));
  return { points: even(n, (i) => i / (n - 1)).points, weights };
}

/** Rules of n points by name. */
export const QUADRATURES = {
  "gauss-legendre": gaussLegendre,
  midpoint: (n) => even(n, (i) => (i + 0.5) / n),
  trapezoid,
  left: (n) => even(n, (i) => i / n),
  right: (n) => even(n, (i) => (i + 1) / n),
} as const satisfies Readonly<Record<string, (n: number) => Quadrature>>;
