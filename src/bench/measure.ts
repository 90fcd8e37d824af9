import { readInputs } from "../graph/onnx-read.js";
import { nearestRank } from "../numbers/quantile.js";
import { Session } from "../runtime/session.js";
import { sampleFeeds } from "./feeds.js";
import type { MeasureReply, MeasureRequest } from "./measuring.js";
import { watchOthers } from "./other-processes.js";
import { medianTimes, timeRuns } from "./time-runs.js";

const LEAST_RUNS = 20;

/** Times one model in this process, where no other session's threads disturb it. */
async function measure({ model, threads, device, seconds, observation }: MeasureRequest): Promise<MeasureReply> {
  const noise = sampleFeeds(readInputs(model, "benchmark").map((input) => [input.name ?? "", input]));
  const feeds = { ...noise, ...observation };
  const session = await Session.create(model, { threads, device });
  let others = watchOthers();
  let end = Number.POSITIVE_INFINITY;
  const more = (runs: number): boolean => {
    if (runs === 0) {
      others = watchOthers();
      end = performance.now() + 1000 * seconds;
    }
    return runs < LEAST_RUNS || performance.now() < end;
  };
  const times = await timeRuns(session, feeds, { more });
  const part = others();
  await session.release();
  const latencies = times.map(({ wallMs }) => wallMs);
  const measured = {
    median_ms: nearestRank(latencies, 0.5),
    p99_ms: nearestRank(latencies, 0.99),
    cpu_ms: medianTimes(times).cpuMs,
    runs: latencies.length,
    ...(part !== undefined && { others: part }),
  };
  return { measured, device: session.device, fallback: session.fallback };
}

process.on("message", async (request: MeasureRequest) => {
  try {
    process.send!(await measure(request), () => process.exit(0));
  } catch (error) {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  }
});
