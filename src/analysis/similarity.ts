import { mean } from "../numbers/mean.js";

/** Similarity of two relevance maps: vectors of the same length. */

/** Σab / (‖a‖‖b‖), −1 to 1; NaN if one is all zero. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Correlation of ranks (Spearman 1904), ties at their mean rank; NaN if one is constant. */
export const spearman = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  cosine(centredRanks(a), centredRanks(b));

/** Ranks less their mean: the cosine of two is the correlation of ranks. */
export function centredRanks(values: ArrayLike<number>): Float64Array {
  const middle = (values.length + 1) / 2;
  return ranks(values).map((rank) => rank - middle);
}

/** Ranks from 1; equal values have the mean of their ranks. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) result[order[k]!] = (from + 1 + to) / 2;
    from = to;
  }
  return result;
}

/** Side of the window, pixels. */
const WINDOW = 7;

/**
 * Structural similarity (Wang et al. 2004) of two images, each scaled to −1..1 by its largest absolute value: mean over
 * all whole windows of 7×7 pixels, K1 = 0.01, K2 = 0.03, range 2. 1 for images that differ only by a factor.
 * @throws RangeError for images smaller than a window
 */
export function structuralSimilarity(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  width: number,
  height: number,
): number {
  if (width < WINDOW || height < WINDOW) throw new RangeError(`images of ${width}×${height}: expected 7×7 or more`);
  const [x, y] = [scaled(a), scaled(b)];
  const [c1, c2] = [(0.01 * 2) ** 2, (0.03 * 2) ** 2];
  const found: number[] = [];
  for (let top = 0; top + WINDOW <= height; top++) {
    for (let left = 0; left + WINDOW <= width; left++) {
      const m = moments(x, y, top * width + left, width);
      found.push(((2 * m.x * m.y + c1) * (2 * m.xy + c2)) / ((m.x ** 2 + m.y ** 2 + c1) * (m.xx + m.yy + c2)));
    }
  }
  return mean(found);
}

function scaled(values: ArrayLike<number>): Float64Array {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return Float64Array.from(values, (value) => (most > 0 ? value / most : 0));
}

/** Means, variances and covariance over a window that begins at `start`. */
function moments(x: Float64Array, y: Float64Array, start: number, width: number) {
  let [sx, sy, sxx, syy, sxy] = [0, 0, 0, 0, 0];
  for (let row = 0; row < WINDOW; row++) {
    const from = start + row * width;
    for (let at = from; at < from + WINDOW; at++) {
      const p = x[at]!;
      const q = y[at]!;
      sx += p;
      sy += q;
      sxx += p * p;
      syy += q * q;
      sxy += p * q;
    }
  }
  const n = WINDOW * WINDOW;
  const [mx, my] = [sx / n, sy / n];
  return { x: mx, y: my, xx: sxx / n - mx * mx, yy: syy / n - my * my, xy: sxy / n - mx * my };
}
