import { median } from "../numbers/quantile.js";
import type { Session, TensorData } from "../runtime/session.js";
import type { Times } from "./ratios.js";

export interface TimeOptions {
  /** Runs before those that count; default 5. */
  readonly warmUp?: number;
  /** True while more runs are wanted than those so far. */
  readonly more: (runs: number) => boolean;
}

/** Times of a session's runs, after a warm-up. Processor time is that of the process, onnxruntime's threads included. */
export async function timeRuns(
  session: Session,
  feeds: Readonly<Record<string, TensorData>>,
  { warmUp = 5, more }: TimeOptions,
): Promise<Times[]> {
  for (let i = 0; i < warmUp; i++) await session.run(feeds);
  const times: Times[] = [];
  while (more(times.length)) {
    const before = process.cpuUsage();
    const start = performance.now();
    await session.run(feeds);
    const wallMs = performance.now() - start;
    const { user, system } = process.cpuUsage(before);
    times.push({ wallMs, cpuMs: (user + system) / 1000 });
  }
  return times;
}

/** Medians of both times. */
export const medianTimes = (times: readonly Times[]): Times => ({
  wallMs: median(times.map(({ wallMs }) => wallMs)),
  cpuMs: median(times.map(({ cpuMs }) => cpuMs)),
});
