import type { Writable } from "node:stream";
import type { Explanation } from "../../explain/explanation.js";
import type { Sink } from "../../explain/pipeline.js";
import { fixed } from "../../numbers/format.js";
import { visible } from "../../text/visible.js";
import type { Statistics } from "./statistics.js";

const INTERVAL_MS = 1000;

/** Prints one line per second: what the torques are based on, and whether the loop keeps up. */
export class LiveLine implements Sink {
  #last = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly statistics: Statistics,
    private readonly output: Writable,
  ) {}

  /** Skips lines while the reader is behind. */
  write(explanation: Explanation): void {
    const now = performance.now();
    if (now - this.#last < INTERVAL_MS || this.output.writableNeedDrain) return;
    this.#last = now;
    this.output.write(visible(`${this.#line(explanation)}\n`));
  }

  async close(): Promise<void> {}

  #line({ observation, ratios, joints, torque, importance, flags }: Explanation): string {
    const percent = (share: number) => `${Math.round(100 * share)}`.padStart(3);
    const weighted = torque.map((tau, j) => importance[j]! * Math.abs(tau));
    const top = weighted.indexOf(Math.max(...weighted));
    const width = Math.max(...joints.map((joint) => joint.length));
    const { statistics } = this;
    return [
      `tick ${String(observation.tick).padStart(6)}`,
      `image : position : velocity ${percent(ratios.image)} : ${percent(ratios.position)} : ${percent(ratios.velocity)} %`,
      `top ${joints[top]!.padEnd(width)} ${fixed(torque[top]!, 3).padStart(7)} N·m`,
      `latency p50 ${statistics.latency(0.5).toFixed(1)} p99 ${statistics.latency(0.99).toFixed(1)} ms`,
      `misses ${statistics.misses}`,
      ...(flags.length > 0 ? [flags.join(" ")] : []),
    ].join("   ");
  }
}
