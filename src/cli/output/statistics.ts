import { type Explanation, isMeaningful } from "../../explain/explanation.js";
import { Latencies } from "../../explain/latencies.js";
import type { Sink } from "../../explain/pipeline.js";

/** Number of newest latencies kept for percentiles. */
const KEPT = 4096;

/** Statistics of a run; memory stays bounded however long it runs. */
export class Statistics implements Sink {
  ticks = 0;
  misses = 0;
  idle = 0;
  /** NaN where none was computed; contrasts of torques, whose sum is near zero, have none. */
  residualMax = Number.NaN;
  newest: Explanation | undefined;
  readonly #latencies = new Latencies(KEPT);
  readonly #shares: { sum: Float64Array; count: number } = { sum: new Float64Array(0), count: 0 };

  write(explanation: Explanation): void {
    this.#latencies.add(explanation.latencyMs);
    this.ticks++;
    this.newest = explanation;
    if (explanation.flags.includes("deadline_missed")) this.misses++;
    const { conservationResidual: residual, contrast, choice } = explanation;
    const adds = contrast === undefined || choice !== undefined;
    if (adds && (residual > this.residualMax || Number.isNaN(this.residualMax))) this.residualMax = residual;
    // Shares of torques near zero mean nothing: the mean leaves them out (methods.md §0.9).
    if (explanation.flags.includes("idle")) this.idle++;
    if (isMeaningful(explanation.flags)) this.#addShares(explanation.shares);
  }

  async close(): Promise<void> {}

  /** Latency that this part of the newest ticks does not exceed, milliseconds (nearest rank); NaN before the first. */
  latency(part: number): number {
    return this.#latencies.percentile(part);
  }

  /** Mean shares over the ticks that are neither idle nor without finite relevance, by modality. */
  meanShares(): Record<string, number> {
    const { sum, count } = this.#shares;
    return Object.fromEntries(
      (this.newest?.modalities ?? []).map((name, m) => [name, count === 0 ? 0 : sum[m]! / count]),
    );
  }

  #addShares(shares: Float32Array): void {
    if (this.#shares.sum.length !== shares.length) this.#shares.sum = new Float64Array(shares.length);
    this.#shares.count++;
    shares.forEach((share, m) => {
      this.#shares.sum[m]! += share;
    });
  }
}
