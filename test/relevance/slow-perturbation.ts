/** The perturbation methods written out plainly: one change of the image after another, in float64, from the papers. */

export interface Plane {
  readonly height: number;
  readonly width: number;
}

const mirror = (i: number, n: number): number => {
  let at = i;
  while (at < 0 || at >= n) at = at < 0 ? -1 - at : 2 * n - 1 - at;
  return at;
};

/** A plane filtered by a Gaussian, as a double sum over a window of 4 σ, mirrored at the borders. */
export function slowGaussian(plane: ArrayLike<number>, { height, width }: Plane, sigma: number): Float64Array {
  const reach = Math.trunc(4 * sigma + 0.5);
  const weight = (d: number) => Math.exp((-0.5 * d * d) / (sigma * sigma));
  let total = 0;
  for (let d = -reach; d <= reach; d++) total += weight(d);
  const out = new Float64Array(height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let dy = -reach; dy <= reach; dy++)
        for (let dx = -reach; dx <= reach; dx++)
          out[y * width + x]! +=
            (weight(dy) * weight(dx) * plane[mirror(y + dy, height) * width + mirror(x + dx, width)]!) / total ** 2;
  return out;
}

/** A blurred disc of radius 1 around a centre, its largest value 1. */
export function slowSpot(size: Plane, y: number, x: number, radius: number): Float64Array {
  const disc = Float64Array.from({ length: size.height * size.width }, (_, i) =>
    Number((Math.floor(i / size.width) - y) ** 2 + ((i % size.width) - x) ** 2 <= 1),
  );
  const blurred = slowGaussian(disc, size, radius);
  const largest = Math.max(...blurred);
  return blurred.map((value) => value / largest);
}

/** Numbers at a grid of centres 0, stride, … → a map, linear between four centres, constant beyond the last. */
export function slowInterpolated(
  at: (row: number, column: number) => number,
  { height, width }: Plane,
  stride: number,
): Float64Array {
  const last = (extent: number) => Math.ceil(extent / stride) - 1;
  return Float64Array.from({ length: height * width }, (_, i) => {
    const y = Math.min(Math.floor(i / width) / stride, last(height));
    const x = Math.min((i % width) / stride, last(width));
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const [bottom, right] = [Math.min(top + 1, last(height)), Math.min(left + 1, last(width))];
    const upper = at(top, left) * (1 - (x - left)) + at(top, right) * (x - left);
    const lower = at(bottom, left) * (1 - (x - left)) + at(bottom, right) * (x - left);
    return upper * (1 - (y - top)) + lower * (y - top);
  });
}

export function slowSoftmax(logits: ArrayLike<number>): number[] {
  const most = Math.max(...Array.from(logits));
  const powers = Array.from(logits, (x) => Math.exp(x - most));
  const total = powers.reduce((a, x) => a + x, 0);
  return powers.map((x) => x / total);
}

/** SARFA of one action, from logits before and after (Puri et al. 2020). */
export function slowSarfa(before: readonly number[], after: readonly number[], action: number): number {
  const fall = slowSoftmax(before)[action]! - slowSoftmax(after)[action]!;
  if (fall <= 0) return 0;
  const others = (logits: readonly number[]) => slowSoftmax(logits.filter((_, a) => a !== action));
  const [r, changed] = [others(before), others(after)];
  const divergence = r.reduce((sum, p, a) => sum + p * Math.log(p / changed[a]!), 0);
  const k = 1 / (1 + divergence);
  return (2 * fall * k) / (fall + k);
}
