/**
 * Rules for linear layers on explicit matrices, element by element from methods.md, in float64: slow, and nothing
 * shared with the engine. `m[j][i]` takes input i to output j, `b[j]` is added; `r[j]` is the relevance of output j.
 */
export interface DenseCase {
  readonly m: readonly Float64Array[];
  readonly b: ArrayLike<number>;
  readonly x: Float64Array;
  readonly r: ArrayLike<number>;
}

type Contribution = (weight: number, i: number) => number;

/** R_i = Σ_j c_ij / Σ_i c_ij · R_j; outputs whose contributions are all zero are asked again by `otherwise`. */
function proportional(
  { m, r }: Omit<DenseCase, "b">,
  contribution: Contribution,
  ...otherwise: readonly Contribution[]
): Float64Array {
  const result = new Float64Array(m[0]!.length);
  m.forEach((row, j) => {
    for (const ask of [contribution, ...otherwise]) {
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
const supporting = ({ x }: DenseCase): readonly [Contribution, Contribution] => [
  (w, i) => Math.max(x[i]! * w, 0),
  (w) => Math.max(w, 0),
];

/** z⁺ where no ReLU follows: what has no w⁺ goes to what is against it, x·|w|, and where all x are zero by |w|. */
export const eq2 = (given: DenseCase): Float64Array =>
  proportional(
    given,
    ...supporting(given),
    (w, i) => Math.max(given.x[i]!, 0) * Math.abs(w),
    (w) => Math.abs(w),
  );

/** z⁺ before a ReLU: an output without a positive weight keeps its relevance. */
export const rectifiedEq2 = (given: DenseCase): Float64Array => proportional(given, ...supporting(given));

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

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, x) => a + x, 0);
const positive = (x: number): number => Math.max(x, 0);
const negative = (x: number): number => Math.min(x, 0);

/** How a denominator is kept off zero, and whether it holds the bias. */
export interface Kept {
  readonly epsilon: number;
  readonly bias: "absorb" | "ignore";
}

/** Σ_j c_ij / (Σ_i c_ij + bias_j, away from zero by ε) · r_j for the contributions that `of` makes of x_i w_ij. */
function stabilised(
  { m, b, x, r }: DenseCase,
  { epsilon, bias }: Kept,
  of: (z: number, j: number) => number,
  ofBias: (b: number, j: number) => number = of,
): Float64Array {
  const result = new Float64Array(x.length);
  m.forEach((row, j) => {
    const parts = row.map((w, i) => of(w * x[i]!, j));
    const z = sum(parts) + (bias === "absorb" ? ofBias(b[j]!, j) : 0);
    parts.forEach((part, i) => {
      result[i]! += (part / (z + (z < 0 ? -epsilon : epsilon))) * r[j]!;
    });
  });
  return result;
}

/** x w / (Σ x w + b ± ε). */
export const epsilonRule = (given: DenseCase, kept: Kept): Float64Array => stabilised(given, kept, (z) => z);

/** α of what is positive, less α − 1 of what is negative. */
export function alphaBetaRule(given: DenseCase, alpha: number, kept: Kept): Float64Array {
  const against = stabilised(given, kept, negative);
  return stabilised(given, kept, positive).map((share, i) => alpha * share - (alpha - 1) * against[i]!);
}

/** Contributions of the sign of the output (with its bias) count 1 + γ times. */
export function gammaRule({ m, b, x, r }: DenseCase, gamma: number, kept: Kept): Float64Array {
  const y = m.map((row, j) => sum(row.map((w, i) => w * x[i]!)) + b[j]!);
  const lifted = (z: number, j: number) => z + gamma * (y[j]! > 0 ? positive(z) : negative(z));
  const silenced = Array.from(r, (amount, j) => (y[j] === 0 ? 0 : amount));
  return stabilised({ m, b, x, r: silenced }, kept, lifted);
}

/** |r_j| in proportion to |x w|: the torque's layer in RAP. */
export const influence = ({ m, x, r }: DenseCase): Float64Array =>
  proportional({ m, x, r: Array.from(r, Math.abs) }, (w, i) => Math.abs(w * x[i]!));

/** The same as the authors state it: the bias is spread over contributions of either sign, then magnitudes share Σ. */
export function influenceWithBias({ m, b, x, r }: DenseCase): Float64Array {
  const result = new Float64Array(x.length);
  m.forEach((row, j) => {
    const z = row.map((w, i) => w * x[i]!);
    const [p, n] = [sum(z.map(positive)), sum(z.map(negative))];
    const spread = z.map((part) => part + (b[j]! * part) / (p + n));
    const size = sum(spread.map(Math.abs));
    spread.forEach((part, i) => {
      result[i]! += (Math.abs(part) / size) * Math.abs(r[j]!);
    });
  });
  return result;
}

/** A hidden layer of RAP, contribution by contribution, then the shift over all that got anything. */
export function rap({ m, x, r }: Omit<DenseCase, "b">): Float64Array {
  const c = new Float64Array(x.length);
  m.forEach((row, j) => {
    const p = row.map((w, i) => positive(w * x[i]!));
    const n = row.map((w, i) => positive(-w * x[i]!));
    const [all, against] = [sum(p) + sum(n), sum(n)];
    row.forEach((_, i) => {
      if (r[j] === 0 || all === 0) return;
      const first = r[j]! > 0 ? (sum(p) === 0 ? 0 : p[i]! / sum(p)) : against === 0 ? 0 : n[i]! / against;
      c[i]! += r[j]! * (first + n[i]! / all);
    });
  });
  const count = c.filter((value) => value !== 0).length;
  const shift = (sum(c) - sum(r)) / count;
  return c.map((value) => (value === 0 ? 0 : value - shift));
}
