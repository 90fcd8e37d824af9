import type { Bag } from "../../bag/bag.js";
import type { Progress } from "./progress.js";

/**
 * Shows a replay's progress in seconds of the recording, with the explanations per second.
 * @param explained number of explanations so far
 * @returns called with the log time of each message
 */
export function replayProgress(
  progress: Progress,
  bag: Bag,
  { start = 0, end }: { readonly start?: number; readonly end?: number },
  explained: () => number,
): (logTime: bigint) => void {
  const whole = Number(bag.end - bag.start) / 1e9;
  const first = bag.start + BigInt(Math.round(start * 1e9));
  const started = performance.now();
  progress.start(Math.max(Math.min(end ?? whole, whole) - start, 0), "replay");
  return (logTime) => {
    const rate = explained() / ((performance.now() - started) / 1000);
    progress.update(Number(logTime - first) / 1e9, { note: `(${rate.toFixed(1)} explanations/s)` });
  };
}
