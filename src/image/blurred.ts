/** What lies beyond an image's edge: its mirror image (…b a | a b…), or zeros. */
type Beyond = "mirror" | "zero";

/** Places that a Gaussian is cut off at, in standard deviations. */
const TRUNCATE = 4;

/** Weights of a Gaussian, from −r to r, that add up to 1. */
function kernelOf(sigma: number): Float64Array {
  const radius = Math.floor(TRUNCATE * sigma + 0.5);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp((-0.5 * (i - radius) ** 2) / sigma ** 2),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** Index within 0 … n − 1 of a place beyond the edge, in the mirror; −1 where there are zeros. */
function inside(i: number, n: number, beyond: Beyond): number {
  if (i >= 0 && i < n) return i;
  if (beyond === "zero") return -1;
  const period = 2 * n;
  const at = ((i % period) + period) % period;
  return at < n ? at : period - 1 - at;
}

/**
 * A picture [H, W, C] blurred along rows and columns, each channel by itself, as SciPy's `gaussian_filter` does.
 * @param sigmas standard deviations down and across, pixels; 0: none
 */
export function blurred(
  data: Float64Array,
  [height, width, channels]: readonly [number, number, number],
  sigmas: readonly [down: number, across: number],
  beyond: Beyond,
): Float64Array {
  let from = data;
  const strides = [width * channels, channels] as const;
  for (const [axis, extent] of [height, width].entries()) {
    const sigma = sigmas[axis as 0 | 1];
    if (sigma <= 0) continue;
    const weights = kernelOf(sigma);
    const radius = (weights.length - 1) / 2;
    const stride = strides[axis as 0 | 1];
    const to = new Float64Array(data.length);
    for (let i = 0; i < data.length; i++) {
      const at = Math.floor(i / stride) % extent;
      let sum = 0;
      for (let k = -radius; k <= radius; k++) {
        const place = inside(at + k, extent, beyond);
        if (place >= 0) sum += weights[k + radius]! * from[i + (place - at) * stride]!;
      }
      to[i] = sum;
    }
    from = to;
  }
  return from;
}
