import type { Region } from "./image.js";

/** The old pixels along a line that make each new pixel: `count` from `first` on, with weights that sum to 1. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** One row of `width` weights for each new pixel. */
  readonly weights: Float32Array;
  readonly width: number;
}

/** Weight of an old pixel by its distance from the new pixel's centre; all lengths in old pixels, `scale` a new pixel. */
interface Filter {
  readonly support: (scale: number) => number;
  readonly weight: (distance: number, scale: number) => number;
}

const triangle = (x: number): number => Math.max(0, 1 - Math.abs(x));

/** Ways to resize an image, by name. Pixel centres lie at ½. */
const FILTERS = {
  nearest: "nearest",
  /** Between the two nearest pixels, as OpenCV's INTER_LINEAR and torch without antialias; skips pixels when it shrinks. */
  bilinear: { support: () => 1, weight: triangle },
  /** Mean of the area that a new pixel covers, as OpenCV's INTER_AREA; bilinear when it enlarges. */
  area: {
    support: (scale) => (scale > 1 ? (scale + 1) / 2 : 1),
    weight: (x, scale) =>
      scale > 1 ? Math.max(0, Math.min(x + 0.5, scale / 2) - Math.max(x - 0.5, -scale / 2)) : triangle(x),
  },
  /** Triangle as wide as two new pixels, as Pillow's BILINEAR and torchvision with antialias. */
  antialias: { support: (scale) => Math.max(1, scale), weight: (x, scale) => triangle(x / Math.max(1, scale)) },
} as const satisfies Readonly<Record<string, Filter | "nearest">>;

export type ResizeFilter = keyof typeof FILTERS;
export const RESIZE_FILTERS = Object.keys(FILTERS) as readonly ResizeFilter[];

function taps(filter: ResizeFilter, from: number, to: number): Taps {
  const scale = from / to;
  const kind: Filter | "nearest" = FILTERS[filter];
  const rows = Array.from({ length: to }, (_, i): [first: number, weights: number[]] => {
    const centre = (i + 0.5) * scale;
    // In whole numbers, so that a centre on a border between pixels always falls to the same side.
    if (kind === "nearest") return [Math.floor(((2 * i + 1) * from) / (2 * to)), [1]];
    const support = kind.support(scale);
    const low = Math.floor(centre - support);
    const high = Math.ceil(centre + support);
    const weights = new Map<number, number>();
    for (let k = low; k <= high; k++) {
      const weight = kind.weight(k + 0.5 - centre, scale);
      const at = Math.min(Math.max(k, 0), from - 1);
      // The antialiasing filter ignores pixels beyond the edge; interpolation repeats the edge.
      if (weight > 0 && (filter !== "antialias" || at === k)) weights.set(at, (weights.get(at) ?? 0) + weight);
    }
    const first = Math.min(...weights.keys());
    const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
    return [first, Array.from({ length: weights.size }, (_, k) => weights.get(first + k)! / sum)];
  });
  const width = Math.max(...rows.map(([, weights]) => weights.length));
  const table = new Float32Array(to * width);
  rows.forEach(([, weights], i) => {
    table.set(weights, i * width);
  });
  return {
    first: Int32Array.from(rows, ([first]) => first),
    count: Int32Array.from(rows, ([, weights]) => weights.length),
    weights: table,
    width,
  };
}

/** Resizes one region of images. Its tables are made once; equal images give equal results, bit for bit. */
export class Resizer {
  readonly #across: Taps;
  readonly #down: Taps;
  /** Rows of the region, each of the new width. */
  readonly #rows: Float32Array;
  readonly #line: Float32Array;

  constructor(
    readonly filter: ResizeFilter,
    readonly region: Region,
    readonly width: number,
    readonly height: number,
    readonly channels: 1 | 3 | 4,
  ) {
    const [, , regionWidth, regionHeight] = region;
    this.#across = taps(filter, regionWidth, width);
    this.#down = taps(filter, regionHeight, height);
    this.#rows = new Float32Array(regionHeight * width * channels);
    this.#line = new Float32Array(width * channels);
  }

  /**
   * The region at its new size, [height × width × channels], values rounded to the nearest.
   * @param data all pixels of the image, its rows `stride` elements apart
   */
  resize(data: Uint16Array, stride: number): Uint16Array;
  resize(data: Uint8Array, stride: number): Uint8Array;
  resize(data: Uint8Array | Uint16Array, stride: number): Uint8Array | Uint16Array;
  resize(data: Uint8Array | Uint16Array, stride: number): Uint8Array | Uint16Array {
    const { width, height, channels } = this;
    const length = width * height * channels;
    const result = data instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length);
    if (this.filter === "nearest") return this.#pick(data, stride, result);
    this.#squeeze(data, stride);
    return this.#stack(result);
  }

  /** Copies one old pixel for each new one. */
  #pick<T extends Uint8Array | Uint16Array>(data: T, stride: number, result: T): T {
    const { channels, width, height, region } = this;
    const [left, top] = region;
    for (let y = 0, to = 0; y < height; y++) {
      const row = (top + this.#down.first[y]!) * stride + left * channels;
      for (let x = 0; x < width; x++) {
        const at = row + this.#across.first[x]! * channels;
        for (let channel = 0; channel < channels; channel++) result[to++] = data[at + channel]!;
      }
    }
    return result;
  }

  #squeeze(data: Uint8Array | Uint16Array, stride: number): void {
    const { channels, width, region } = this;
    const { first, count, weights, width: most } = this.#across;
    const [left, top, , rows] = region;
    const into = this.#rows;
    let to = 0;
    for (let y = 0; y < rows; y++) {
      const row = (top + y) * stride + left * channels;
      for (let x = 0; x < width; x++) {
        const start = row + first[x]! * channels;
        const n = count[x]!;
        const w = x * most;
        let a = 0;
        let b = 0;
        let c = 0;
        let d = 0;
        for (let k = 0, at = start; k < n; k++, at += channels) {
          const weight = weights[w + k]!;
          a += weight * data[at]!;
          if (channels === 1) continue;
          b += weight * data[at + 1]!;
          c += weight * data[at + 2]!;
          if (channels === 4) d += weight * data[at + 3]!;
        }
        into[to++] = a;
        if (channels === 1) continue;
        into[to++] = b;
        into[to++] = c;
        if (channels === 4) into[to++] = d;
      }
    }
  }

  #stack<T extends Uint8Array | Uint16Array>(result: T): T {
    const { first, count, weights, width: most } = this.#down;
    const line = this.#line;
    const rows = this.#rows;
    const { length } = line;
    for (let y = 0, to = 0; y < this.height; y++) {
      line.fill(0.5);
      for (let k = 0; k < count[y]!; k++) {
        const weight = weights[y * most + k]!;
        const from = (first[y]! + k) * length;
        for (let i = 0; i < length; i++) line[i]! += weight * rows[from + i]!;
      }
      for (let i = 0; i < length; i++) result[to++] = line[i]!;
    }
    return result;
  }
}
