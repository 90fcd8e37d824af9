/** The newest latencies of a run, milliseconds; memory stays bounded however long it runs. */
export class Latencies {
  readonly #values: Float64Array;
  #count = 0;

  /** @param kept the newest so many are remembered */
  constructor(kept: number) {
    this.#values = new Float64Array(kept);
  }

  add(milliseconds: number): void {
    this.#values[this.#count % this.#values.length] = milliseconds;
    this.#count++;
  }

  /** What a part of them did not exceed (nearest rank); NaN before the first. */
  percentile(part: number): number {
    const count = Math.min(this.#count, this.#values.length);
    if (count === 0) return Number.NaN;
    const sorted = this.#values.slice(0, count).sort();
    return sorted[Math.max(0, Math.ceil(part * count) - 1)]!;
  }
}
