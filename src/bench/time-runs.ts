import type { Session, TensorData } from "../runtime/session.js";

const WARM_UP = 5;

/** Latencies of a session's runs, milliseconds, after a warm-up; runs as long as `more` of the runs so far is true. */
export async function timeRuns(
  session: Session,
  feeds: Readonly<Record<string, TensorData>>,
  more: (runs: number) => boolean,
): Promise<number[]> {
  for (let i = 0; i < WARM_UP; i++) await session.run(feeds);
  const latencies: number[] = [];
  while (more(latencies.length)) {
    const start = performance.now();
    await session.run(feeds);
    latencies.push(performance.now() - start);
  }
  return latencies;
}
