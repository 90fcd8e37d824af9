import { Literal } from "../../../graph/literal.js";

/**
 * Weights of a Gaussian filter along an axis, [n, n] row by row: output y is Σ weights[y, i] x[i]. Cut at 4 σ, mirrored
 * at the borders with the edge repeated, as `scipy.ndimage.gaussian_filter` does by default.
 */
export function gaussianFilter(n: number, sigma: number): Float64Array {
  const reach = Math.floor(4 * sigma + 0.5);
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, k) =>
    Math.exp(-((k - reach) ** 2) / (2 * sigma ** 2)),
  );
  const total = kernel.reduce((sum, x) => sum + x, 0);
  const weights = new Float64Array(n * n);
  for (let y = 0; y < n; y++)
    for (let k = -reach; k <= reach; k++) weights[y * n + mirrored(y + k, n)]! += kernel[k + reach]! / total;
  return weights;
}

/** The place of an index beyond the borders: d c b a | a b c d | d c b a. */
function mirrored(i: number, n: number): number {
  const within = ((i % (2 * n)) + 2 * n) % (2 * n);
  return within < n ? within : 2 * n - 1 - within;
}

/** Masks of spots at a grid of centres, each the sum of two products of a column and a row. */
export interface Spots {
  /** [rows, H], for the row of centres: the blurred centre, and the blurred cells above and below. */
  readonly centre: Literal;
  readonly besides: Literal;
  /** [columns, W], for the column: the blurred cells left, centre and right together, and the blurred centre. */
  readonly three: Literal;
  readonly one: Literal;
  /** 1 / the largest value of each mask, [rows · columns]. */
  readonly scale: Literal;
}

/**
 * Spots at every `stride`-th pixel: a disc of radius 1 (five pixels), blurred with σ = `radius` and divided by its
 * largest value (Greydanus et al. 2018).
 */
export function spots(height: number, width: number, stride: number, radius: number): Spots {
  const down = axisOf(height, stride, radius);
  const across = axisOf(width, stride, radius);
  const scale = new Float32Array(down.centres.length * across.centres.length);
  // A border moves the largest value by at most σ.
  const reach = Math.ceil(radius) + 2;
  let at = 0;
  for (const [r, i] of down.centres.entries())
    for (const [c, j] of across.centres.entries()) {
      let largest = 0;
      for (let y = Math.max(0, i - reach); y < Math.min(height, i + reach + 1); y++)
        for (let x = Math.max(0, j - reach); x < Math.min(width, j + reach + 1); x++) {
          const row = r * height + y;
          const column = c * width + x;
          const value =
            down.one[row]! * (across.one[column]! + across.beside[column]!) + down.beside[row]! * across.one[column]!;
          if (value > largest) largest = value;
        }
      scale[at++] = 1 / largest;
    }
  const table = (rows: Float32Array, extent: number) => Literal.from("float32", [rows.length / extent, extent], rows);
  return {
    centre: table(down.one, height),
    besides: table(down.beside, height),
    three: table(
      across.one.map((x, i) => x + across.beside[i]!),
      width,
    ),
    one: table(across.one, width),
    scale: Literal.from("float32", [scale.length], scale),
  };
}

/** Along one axis, for each centre: the blurred centre, and its blurred neighbours that lie in the image. */
function axisOf(extent: number, stride: number, sigma: number) {
  const filter = gaussianFilter(extent, sigma);
  const centres = Array.from({ length: Math.ceil(extent / stride) }, (_, k) => k * stride);
  const one = new Float32Array(centres.length * extent);
  const beside = new Float32Array(centres.length * extent);
  for (const [k, centre] of centres.entries())
    for (let y = 0; y < extent; y++) {
      const at = (i: number) => (i >= 0 && i < extent ? filter[y * extent + i]! : 0);
      one[k * extent + y] = at(centre);
      beside[k * extent + y] = at(centre - 1) + at(centre + 1);
    }
  return { centres, one, beside };
}
