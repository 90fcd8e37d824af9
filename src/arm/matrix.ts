/** Small dense row-major matrices. */

/** C[n, p] = A[n, k] · B[k, p]. */
export function multiply(a: Float64Array, b: Float64Array, n: number, k: number, p: number): Float64Array {
  const c = new Float64Array(n * p);
  for (let i = 0; i < n; i++) {
    for (let q = 0; q < k; q++) {
      const factor = a[i * k + q]!;
      for (let j = 0; j < p; j++) c[i * p + j]! += factor * b[q * p + j]!;
    }
  }
  return c;
}

/** Transpose of A[n, m]. */
export function transpose(a: Float64Array, n: number, m: number): Float64Array {
  const t = new Float64Array(n * m);
  for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) t[j * n + i] = a[i * m + j]!;
  return t;
}

export function add(a: Float64Array, b: Float64Array, scale = 1): Float64Array {
  return a.map((value, i) => value + scale * b[i]!);
}

/** Lower Cholesky factor of a symmetric A[n, n]; undefined where A is not positive definite. */
export function cholesky(a: Float64Array, n: number): Float64Array | undefined {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (i !== j) l[i * n + j] = sum / l[j * n + j]!;
      else if (sum > 0) l[i * n + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return l;
}

/** Solves L Lᵀ X = B for B[n, p]. */
export function choleskySolve(l: Float64Array, b: Float64Array, n: number, p: number): Float64Array {
  const x = b.slice();
  for (let column = 0; column < p; column++) {
    for (let i = 0; i < n; i++) {
      let sum = x[i * p + column]!;
      for (let k = 0; k < i; k++) sum -= l[i * n + k]! * x[k * p + column]!;
      x[i * p + column] = sum / l[i * n + i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = x[i * p + column]!;
      for (let k = i + 1; k < n; k++) sum -= l[k * n + i]! * x[k * p + column]!;
      x[i * p + column] = sum / l[i * n + i]!;
    }
  }
  return x;
}
