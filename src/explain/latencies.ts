import { nearestRank } from "../numbers/quantile.js";

/** The newest latencies of a run, milliseconds, in bounded memory. */
export class Latencies {
  readonly #values: Float64Array;
  #count = 0;

  /** @param kept number of latencies to keep */
  constructor(kept: number) {
    this.#values = new Float64Array(kept);
  }

  add(milliseconds: number): void {
    this.#values[this.#count % this.#values.length] = milliseconds;
    this.#count++;
  }

  /** The latency that `part` (0..1) of them do not exceed (nearest rank); NaN before the first. */
  percentile(part: number): number {
    return nearestRank(this.#values.subarray(0, Math.min(this.#count, this.#values.length)), part);
  }
}
