/** A map's extents, pixels. */
export interface Extent {
  readonly width: number;
  readonly height: number;
}

/** Deviations that the kernel reaches to. */
const REACH = 4;

/**
 * Gaussian blur of a map [height × width], deviation in pixels. The kernel reaches to 4 deviations and sums to 1; beyond an
 * edge the map is mirrored, the edge's own pixels once (OpenCV's reflect-101).
 */
export function blurred(map: ArrayLike<number>, { width, height }: Extent, deviation: number): Float64Array {
  const kernel = kernelOf(deviation);
  const across = alongLines(Float64Array.from(map), kernel, { lines: height, length: width, step: 1, start: width });
  return alongLines(across, kernel, { lines: width, length: height, step: width, start: 1 });
}

/** Weights at distances 0, 1, … */
function kernelOf(deviation: number): Float64Array {
  const reach = Math.floor(REACH * deviation + 0.5);
  const weights = Float64Array.from({ length: reach + 1 }, (_, d) => Math.exp(-(d ** 2) / (2 * deviation ** 2)));
  const total = weights.reduce((sum, weight, d) => sum + (d === 0 ? 1 : 2) * weight, 0);
  return weights.map((weight) => weight / total);
}

/** Elements of a map as lines: their number, elements of each, from an element to the next, from a line to the next. */
interface Lines {
  readonly lines: number;
  readonly length: number;
  readonly step: number;
  readonly start: number;
}

function alongLines(map: Float64Array, kernel: Float64Array, { lines, length, step, start }: Lines): Float64Array {
  const result = new Float64Array(map.length);
  for (let line = 0; line < lines; line++) {
    const at = (place: number) => map[line * start + mirrored(place, length) * step]!;
    for (let place = 0; place < length; place++) {
      let sum = kernel[0]! * at(place);
      for (let d = 1; d < kernel.length; d++) sum += kernel[d]! * (at(place - d) + at(place + d));
      result[line * start + place * step] = sum;
    }
  }
  return result;
}

/** A place inside, by mirroring at the first and the last as often as needed. */
function mirrored(place: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const inside = ((place % period) + period) % period;
  return inside < length ? inside : period - inside;
}
