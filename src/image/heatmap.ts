/** A number per pixel of one camera, such as relevance in N·m, summed over channels; row-major, height × width. */
export interface Heatmap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

export interface HeatmapOptions {
  /** Relevance per pixel, N·m, at the top of the colour map; default: the heatmap's own peak. */
  readonly scale?: number;
  /**
   * How negative relevance, which speaks against the torque, is shown: by its size in the map's colours with red and blue
   * swapped (`cool`, the default), by its size in the map's own colours (`magnitude`), or not at all (`hide`).
   */
  readonly negative?: "cool" | "magnitude" | "hide";
}

/** Largest size of relevance that `options` show, N·m; 0 where there is none. NaN and infinity are skipped. */
export function peak(heatmap: Heatmap, options: HeatmapOptions = {}): number {
  const { data } = heatmap;
  const both = options.negative !== "hide";
  let top = 0;
  for (let i = 0; i < data.length; i++) {
    const value = both ? Math.abs(data[i]!) : data[i]!;
    if (value > top && value < Number.POSITIVE_INFINITY) top = value;
  }
  return top;
}

/**
 * Relevance → −1..1, [height × width]: divided by the scale and clamped to ±1; all 0 where there is nothing to show.
 * Negative only with `cool`.
 * @throws Error where `data` does not have width × height values
 */
export function normalize(heatmap: Heatmap, options: HeatmapOptions = {}): Float32Array {
  const { data, width, height } = heatmap;
  if (data.length !== width * height) {
    throw new Error(`heatmap: ${data.length} values, expected ${width} × ${height} = ${width * height}`);
  }
  const result = new Float32Array(data.length);
  const scale = options.scale ?? peak(heatmap, options);
  if (!(scale > 0)) return result;
  const { negative = "cool" } = options;
  const lowest = negative === "cool" ? -1 : 0;
  const perUnit = 1 / scale;
  for (let i = 0; i < data.length; i++) {
    const value = (negative === "magnitude" ? Math.abs(data[i]!) : data[i]!) * perUnit;
    // NaN is neither above nor below and stays 0.
    if (value >= lowest) result[i] = value > 1 ? 1 : value;
    else if (value < lowest) result[i] = lowest;
  }
  return result;
}
