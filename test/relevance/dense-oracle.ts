/**
 * Rules for linear layers on explicit matrices, element by element from methods.md, in float64: slow, and nothing
 * shared with the engine. `m[j][i]` takes input i to output j; `r[j]` is the relevance of output j.
 */
export interface DenseCase {
  readonly m: readonly Float64Array[];
  readonly x: Float64Array;
  readonly r: ArrayLike<number>;
}

type Contribution = (weight: number, i: number) => number;

/** R_i = Σ_j c_ij / Σ_i c_ij · R_j; outputs whose contributions are all zero are asked again by `otherwise`. */
function proportional({ m, r }: DenseCase, contribution: Contribution, otherwise?: Contribution): Float64Array {
  const result = new Float64Array(m[0]!.length);
  m.forEach((row, j) => {
    for (const ask of [contribution, otherwise]) {
      if (!ask) return;
      const shares = row.map(ask);
      const total = shares.reduce((a, b) => a + b, 0);
      if (total === 0) continue;
      shares.forEach((share, i) => {
        result[i]! += (share / total) * r[j]!;
      });
      return;
    }
  });
  return result;
}

/** max(x·w, 0); where nothing contributes the limit for vanishing equal inputs, w⁺. */
export const eq2 = (given: DenseCase): Float64Array =>
  proportional(
    given,
    (w, i) => Math.max(given.x[i]! * w, 0),
    (w) => Math.max(w, 0),
  );

export const zBox = (given: DenseCase, low: ArrayLike<number>, high: ArrayLike<number>): Float64Array =>
  proportional(given, (w, i) => given.x[i]! * w - low[i]! * Math.max(w, 0) - high[i]! * Math.min(w, 0));

export const wSquare = (given: DenseCase): Float64Array => proportional(given, (w) => w * w);

/** One part for each input that an output sees. */
export const flat = (given: DenseCase): Float64Array => proportional(given, (w) => (w === 0 ? 0 : 1));

/** |R_j| to contributions of the sign of R_j, to the others where there are none. */
export function eq1({ m, x, r }: DenseCase): Float64Array {
  const result = new Float64Array(x.length);
  m.forEach((row, j) => {
    const sign = r[j]! < 0 ? -1 : 1;
    const only = { m: [row], x, r: [Math.abs(r[j]!)] };
    proportional(
      only,
      (w, i) => Math.max(sign * x[i]! * w, 0),
      (w, i) => Math.max(-sign * x[i]! * w, 0),
    ).forEach((share, i) => {
      result[i]! += share;
    });
  });
  return result;
}
