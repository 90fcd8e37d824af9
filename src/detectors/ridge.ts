/** A linear map with an offset, fitted by ridge regression on standardised features. */
export interface Linear {
  readonly mean: Float64Array;
  readonly scale: Float64Array;
  /** [outputs × features] for standardised features. */
  readonly weights: Float64Array;
  /** Mean of each output. */
  readonly offset: Float64Array;
}

/**
 * Fits outputs to features (Hoerl and Kennard 1970), both as rows.
 * @param penalty of a standardised weight, as a part of the number of rows
 */
export function ridge(features: readonly Float64Array[], outputs: readonly Float64Array[], penalty: number): Linear {
  const [n, d, m] = [features.length, features[0]!.length, outputs[0]!.length];
  const mean = new Float64Array(d);
  const scale = new Float64Array(d);
  for (const row of features) for (let k = 0; k < d; k++) mean[k]! += row[k]! / n;
  for (const row of features) for (let k = 0; k < d; k++) scale[k]! += (row[k]! - mean[k]!) ** 2 / n;
  for (let k = 0; k < d; k++) scale[k] = scale[k]! > 1e-12 ? 1 / Math.sqrt(scale[k]!) : 0;
  const offset = new Float64Array(m);
  for (const row of outputs) for (let j = 0; j < m; j++) offset[j]! += row[j]! / n;
  const gram = new Float64Array(d * d);
  const target = new Float64Array(m * d);
  const x = new Float64Array(d);
  features.forEach((row, r) => {
    for (let k = 0; k < d; k++) x[k] = (row[k]! - mean[k]!) * scale[k]!;
    for (let k = 0; k < d; k++) {
      const value = x[k]!;
      if (value === 0) continue;
      for (let l = 0; l <= k; l++) gram[k * d + l]! += value * x[l]!;
      for (let j = 0; j < m; j++) target[j * d + k]! += value * (outputs[r]![j]! - offset[j]!);
    }
  });
  for (let k = 0; k < d; k++) gram[k * d + k]! += penalty * n + 1e-9;
  factorise(gram, d);
  for (let j = 0; j < m; j++) solve(gram, d, target.subarray(j * d, (j + 1) * d));
  return { mean, scale, weights: target, offset };
}

/** Outputs for one row of features. */
export function applied({ mean, scale, weights, offset }: Linear, features: ArrayLike<number>): Float64Array {
  const d = mean.length;
  return offset.map((value, j) => {
    let sum = value;
    for (let k = 0; k < d; k++) sum += weights[j * d + k]! * (features[k]! - mean[k]!) * scale[k]!;
    return sum;
  });
}

/** Cholesky's factor L of a positive definite matrix, in place of its lower triangle. */
function factorise(a: Float64Array, d: number): void {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * d + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * d + k]! * a[j * d + k]!;
      a[i * d + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / a[j * d + j]!;
    }
  }
}

/** Solves L Lᵀ x = b in place of b. */
function solve(l: Float64Array, d: number, b: Float64Array): void {
  for (let i = 0; i < d; i++) {
    for (let k = 0; k < i; k++) b[i]! -= l[i * d + k]! * b[k]!;
    b[i]! /= l[i * d + i]!;
  }
  for (let i = d - 1; i >= 0; i--) {
    for (let k = i + 1; k < d; k++) b[i]! -= l[k * d + i]! * b[k]!;
    b[i]! /= l[i * d + i]!;
  }
}
