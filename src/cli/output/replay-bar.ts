import { Presets, SingleBar } from "cli-progress";
import type { Bag } from "../../bag/bag.js";

/** How far it is, in seconds of the recording. */
export class ReplayBar {
  readonly #bar = new SingleBar(
    {
      format: "{bar} {percentage} % of {total} s, {rate} explained a second, {eta_formatted} left",
      etaBuffer: 200,
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  readonly #first: bigint;
  readonly #started = performance.now();
  #shown = 0;

  constructor(
    bag: Bag,
    { start = 0, end }: { readonly start?: number; readonly end?: number },
    private readonly explained: () => number,
  ) {
    const whole = Number(bag.end - bag.start) / 1e9;
    this.#first = bag.start + BigInt(Math.round(start * 1e9));
    const total = Math.min(end ?? whole, whole) - start;
    this.#bar.start(Number(Math.max(total, 0).toFixed(1)), 0, { rate: "-" });
  }

  readonly progress = (logTime: bigint): void => {
    const now = performance.now();
    if (now - this.#shown < 100) return;
    this.#shown = now;
    const rate = (this.explained() / ((now - this.#started) / 1000)).toFixed(1);
    this.#bar.update(Number((Number(logTime - this.#first) / 1e9).toFixed(1)), { rate });
  };

  stop(): void {
    this.#bar.stop();
  }
}
