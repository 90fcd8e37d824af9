import { nearestRank } from "../numbers/quantile.js";

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
    return nearestRank(this.#values.subarray(0, Math.min(this.#count, this.#values.length)), part);
  }
}
