import type { Explanation } from "../explain/explanation.js";
import type { Sink } from "../explain/pipeline.js";
import type { Statistics } from "./statistics.js";

const INTERVAL_MS = 1000;

/** Prints one line a second: what the torques are based on now, and whether the loop keeps up. */
export class LiveLine implements Sink {
  #last = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly statistics: Statistics,
    private readonly print: (line: string) => void,
  ) {}

  write(explanation: Explanation): void {
    const now = performance.now();
    if (now - this.#last < INTERVAL_MS) return;
    this.#last = now;
    this.print(this.#line(explanation));
  }

  async close(): Promise<void> {}

  #line({ observation, ratios, joints, torque, importance, flags }: Explanation): string {
    const percent = (share: number) => `${Math.round(100 * share)}`.padStart(3);
    const weighted = torque.map((tau, j) => importance[j]! * Math.abs(tau));
    const top = weighted.indexOf(Math.max(...weighted));
    const { statistics } = this;
    return [
      `tick ${String(observation.tick).padStart(6)}`,
      `image : position : velocity ${percent(ratios.image)} :${percent(ratios.position)} :${percent(ratios.velocity)} %`,
      `top ${joints[top]} ${torque[top]!.toFixed(3)} N·m`,
      `latency p50 ${statistics.latency(0.5).toFixed(1)} p99 ${statistics.latency(0.99).toFixed(1)} ms`,
      `misses ${statistics.misses}`,
      ...(flags.length > 0 ? [flags.join(" ")] : []),
    ].join("   ");
  }
}

/** Prints one JSON object a tick. */
export class JsonLines implements Sink {
  constructor(
    private readonly toJson: (explanation: Explanation) => object,
    private readonly print: (line: string) => void,
  ) {}

  write(explanation: Explanation): void {
    this.print(JSON.stringify(this.toJson(explanation)));
  }

  async close(): Promise<void> {}
}
