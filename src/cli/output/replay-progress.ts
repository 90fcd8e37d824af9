import type { Bag } from "../../bag/bag.js";
import { Progress } from "./progress.js";

/**
 * A bar of a replay in seconds of the recording, with the explanations per second.
 * @param explained number of explanations so far
 */
export function replayProgress(
  bag: Bag,
  { start = 0, end }: { readonly start?: number; readonly end?: number },
  explained: () => number,
): {
  /** Called with the log time of each message; `known` where an earlier run has explained it. */
  readonly progress: (logTime: bigint, known: boolean) => void;
  readonly bar: Progress;
} {
  const whole = Number(bag.end - bag.start) / 1e9;
  const first = bag.start + BigInt(Math.round(start * 1e9));
  const bar = new Progress(Math.max(Math.min(end ?? whole, whole) - start, 0), "replay");
  let pace = { from: explained(), since: performance.now() };
  const progress = (logTime: bigint, known: boolean): void => {
    const done = Number(logTime - first) / 1e9;
    if (known) {
      pace = { from: explained(), since: performance.now() };
      bar.skip(done, { note: "(explained by the interrupted run)" });
      return;
    }
    const rate = (explained() - pace.from) / ((performance.now() - pace.since) / 1000);
    bar.update(done, { note: Number.isFinite(rate) ? `(${rate.toFixed(1)} explanations/s)` : "" });
  };
  return { progress, bar };
}
