/** Neighbours of pixels along a line: for pixel `start + i` the samples left and right, and the weight of the right one. */
export interface Samples {
  readonly start: number;
  readonly left: Uint32Array;
  readonly right: Uint32Array;
  readonly weight: Float32Array;
}

/**
 * Stretches `count` samples over `size` pixels from `from` on, along a line of `length` pixels: bilinear between centres;
 * beyond the outermost centres the samples are constant. Holds only pixels of the line whose centres lie within the size.
 */
export function samples(count: number, from: number, size: number, length: number): Samples {
  const start = Math.max(0, Math.ceil(from - 0.5));
  const end = Math.min(length, Math.ceil(from + size - 0.5));
  const pixels = Math.max(0, end - start);
  const left = new Uint32Array(pixels);
  const right = new Uint32Array(pixels);
  const weight = new Float32Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const position = Math.min(Math.max(((start + i + 0.5 - from) * count) / size - 0.5, 0), count - 1);
    left[i] = Math.floor(position);
    right[i] = Math.min(left[i]! + 1, count - 1);
    weight[i] = position - left[i]!;
  }
  return { start, left, right, weight };
}

/** One row of a heatmap, stretched. */
export interface StretchedRow {
  readonly values: Float32Array;
  /** True where all values are 0. */
  readonly isBlank: boolean;
}

interface Kept {
  index: number;
  values: Float32Array;
  isBlank: boolean;
}

/** Rows of a heatmap, stretched to a width on demand. Keeps the last two rows, to interpolate between them. */
export class StretchedRows {
  readonly #values: Float32Array;
  readonly #width: number;
  readonly #across: Samples;
  readonly #first: Kept;
  readonly #second: Kept;

  /** @param values [rows × width] */
  constructor(values: Float32Array, width: number, across: Samples) {
    this.#values = values;
    this.#width = width;
    this.#across = across;
    const empty = (): Kept => ({ index: -1, values: new Float32Array(across.left.length), isBlank: true });
    this.#first = empty();
    this.#second = empty();
  }

  /** Row `index`; valid until two other rows are read. */
  at(index: number): StretchedRow {
    const [first, second] = [this.#first, this.#second];
    if (first.index === index) return first;
    if (second.index === index) return second;
    const row = first.index < second.index ? first : second;
    row.index = index;
    this.#stretch(row);
    return row;
  }

  #stretch(row: Kept): void {
    const { left, right, weight } = this.#across;
    const from = this.#values.subarray(row.index * this.#width, (row.index + 1) * this.#width);
    row.isBlank = isBlank(from);
    if (row.isBlank) {
      row.values.fill(0);
      return;
    }
    for (let x = 0; x < left.length; x++) {
      const value = from[left[x]!]!;
      row.values[x] = value + weight[x]! * (from[right[x]!]! - value);
    }
  }
}

function isBlank(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) return false;
  return true;
}
