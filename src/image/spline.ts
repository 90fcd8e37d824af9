import { blurred } from "./blurred.js";

/** Zeros around an image before its spline is found, as SciPy has them. */
const PAD = 12;
/** Pole of the cubic spline's filter (Unser 1999). */
const POLE = Math.sqrt(3) - 2;

/** Coefficients of the cubic B-spline through the samples, in place; the signal is mirrored at its ends. */
function coefficients(line: Float64Array): void {
  const n = line.length;
  const gain = (1 - POLE) * (1 - 1 / POLE);
  for (let i = 0; i < n; i++) line[i]! *= gain;
  // The sum of the mirrored signal's infinite past, in closed form.
  let power = POLE;
  let last = POLE ** (n - 1);
  let sum = line[0]! + last * line[n - 1]!;
  last *= last / POLE;
  for (let i = 1; i < n - 1; i++) {
    sum += (power + last) * line[i]!;
    power *= POLE;
    last /= POLE;
  }
  line[0] = sum / (1 - power * power);
  for (let i = 1; i < n; i++) line[i]! += POLE * line[i - 1]!;
  line[n - 1] = (POLE * (line[n - 2]! * POLE + line[n - 1]!)) / (POLE * POLE - 1);
  for (let i = n - 2; i >= 0; i--) line[i] = POLE * (line[i + 1]! - line[i]!);
}

/** A line resized: its cubic spline at the middles of the new samples, zeros around it. */
function resizedLine(line: Float64Array, length: number): Float64Array {
  const padded = new Float64Array(line.length + 2 * PAD);
  padded.set(line, PAD);
  coefficients(padded);
  const scale = line.length / length;
  return Float64Array.from({ length }, (_, i) => {
    const x = (i + 0.5) * scale - 0.5 + PAD;
    const start = Math.floor(x) - 1;
    const t = x - Math.floor(x);
    const weights = [(1 - t) ** 3, 3 * t ** 3 - 6 * t ** 2 + 4, -3 * t ** 3 + 3 * t ** 2 + 3 * t + 1, t ** 3];
    return weights.reduce((sum, weight, k) => sum + (weight / 6) * (padded[start + k] ?? 0), 0);
  });
}

/**
 * A picture [H, W, C] resized by cubic splines, blurred first where it becomes smaller, and clipped to its own range: as
 * scikit-image's `resize` with `order=3`, `mode="constant"` and anti-aliasing.
 */
export function splineResized(
  data: Float64Array,
  [height, width, channels]: readonly [number, number, number],
  [rows, columns]: readonly [number, number],
): Float64Array {
  const sigmas = [height / rows, width / columns].map((factor) => Math.max(0, (factor - 1) / 2)) as [number, number];
  const smooth = blurred(data, [height, width, channels], sigmas, "zero");
  const across = new Float64Array(height * columns * channels);
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < channels; c++) {
      const line = Float64Array.from({ length: width }, (_, x) => smooth[(y * width + x) * channels + c]!);
      resizedLine(line, columns).forEach((value, x) => {
        across[(y * columns + x) * channels + c] = value;
      });
    }
  }
  const result = new Float64Array(rows * columns * channels);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of data) [low, high] = [Math.min(low, value), Math.max(high, value)];
  for (let x = 0; x < columns; x++) {
    for (let c = 0; c < channels; c++) {
      const line = Float64Array.from({ length: height }, (_, y) => across[(y * columns + x) * channels + c]!);
      resizedLine(line, rows).forEach((value, y) => {
        result[(y * columns + x) * channels + c] = Math.max(low, Math.min(high, value));
      });
    }
  }
  return result;
}
