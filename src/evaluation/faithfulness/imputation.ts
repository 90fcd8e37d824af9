/** Weights of a pixel's neighbours: sixths at the edges, twelfths at the corners (Rong et al. 2022). */
const NEIGHBOURS = [-1, 0, 1]
  .flatMap((dy) => [-1, 0, 1].map((dx) => ({ dy, dx, weight: dy === 0 || dx === 0 ? 1 / 6 : 1 / 12 })))
  .filter(({ dy, dx }) => dy !== 0 || dx !== 0);

/** Residual, in parts of the right-hand side, at which the solution is good: far below the noise that is added to it. */
const TOLERANCE = 1e-5;

/**
 * Noisy linear imputation without its noise: every removed pixel becomes the weighted mean of its neighbours, removed ones
 * included; at the border the weights of those that there are. Conjugate gradients, which the symmetric system allows.
 * @param plane one channel, [height × width]
 * @param removed 1 for removed pixels; where all are removed they become 0
 */
export function imputed(
  plane: Float64Array,
  removed: Uint8Array,
  { height, width }: { readonly height: number; readonly width: number },
): Float64Array {
  const places = Int32Array.from(removed.keys()).filter((i) => removed[i] === 1);
  const count = places.length;
  const numberOf = new Int32Array(height * width).fill(-1);
  for (const [k, i] of places.entries()) numberOf[i] = k;
  // For each removed pixel its neighbours that are removed too, by number, and their weights; −1 where there is none.
  const neighbours = new Int32Array(count * NEIGHBOURS.length).fill(-1);
  const diagonal = new Float64Array(count);
  const residual = new Float64Array(count);
  for (const [k, i] of places.entries())
    for (const [n, { dy, dx, weight }] of NEIGHBOURS.entries()) {
      const [y, x] = [Math.floor(i / width) + dy, (i % width) + dx];
      if (y < 0 || y >= height || x < 0 || x >= width) continue;
      const at = y * width + x;
      diagonal[k]! += weight;
      if (removed[at]) neighbours[k * NEIGHBOURS.length + n] = numberOf[at]!;
      else residual[k]! += weight * plane[at]!;
    }
  const solution = solved({ diagonal, neighbours }, residual);
  const made = plane.slice();
  for (const [k, i] of places.entries()) made[i] = solution[k]!;
  return made;
}

interface Equations {
  readonly diagonal: Float64Array;
  readonly neighbours: Int32Array;
}

/** Conjugate gradients from zero; changes `residual`, the right-hand side. */
function solved({ diagonal, neighbours }: Equations, residual: Float64Array): Float64Array {
  const count = diagonal.length;
  const weights = Float64Array.from(NEIGHBOURS, ({ weight }) => weight);
  const solution = new Float64Array(count);
  const direction = residual.slice();
  const moved = new Float64Array(count);
  let rest = dot(residual, residual);
  const enough = TOLERANCE ** 2 * rest;
  for (let step = 0; step < 10 * count && rest > enough; step++) {
    for (let k = 0; k < count; k++) {
      let sum = diagonal[k]! * direction[k]!;
      for (let n = 0, at = k * weights.length; n < weights.length; n++, at++) {
        const other = neighbours[at]!;
        if (other >= 0) sum -= weights[n]! * direction[other]!;
      }
      moved[k] = sum;
    }
    const length = rest / dot(direction, moved);
    for (let k = 0; k < count; k++) {
      solution[k]! += length * direction[k]!;
      residual[k]! -= length * moved[k]!;
    }
    const now = dot(residual, residual);
    for (let k = 0; k < count; k++) direction[k] = residual[k]! + (now / rest) * direction[k]!;
    rest = now;
  }
  return solution;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
