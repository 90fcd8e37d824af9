/**
 * The sum of two objectives' gradients without what works against the other (PCGrad: Yu et al. 2020, Algorithm 1): where
 * they point apart, each loses its part along the other.
 */
export function withoutConflict(a: Float32Array, b: Float32Array): Float32Array {
  let [product, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    ofA += a[i]! * a[i]!;
    ofB += b[i]! * b[i]!;
  }
  const [alongB, alongA] = product < 0 ? [product / ofB, product / ofA] : [0, 0];
  return a.map((x, i) => x - alongB * b[i]! + (b[i]! - alongA * x));
}
