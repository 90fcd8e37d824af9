import { readInputs } from "../graph/onnx-read.js";
import { nearestRank } from "../numbers/quantile.js";
import { Session } from "../runtime/session.js";
import { sampleFeeds } from "./feeds.js";
import type { MeasureReply, MeasureRequest } from "./measuring.js";
import { timeRuns } from "./time-runs.js";

const LEAST_RUNS = 20;

/** Times one model in this process, where no other session's threads disturb it. */
async function measure({ model, threads, device, seconds }: MeasureRequest): Promise<MeasureReply> {
  const feeds = sampleFeeds(readInputs(model, "benchmark").map((input) => [input.name ?? "", input]));
  const session = await Session.create(model, { threads, device });
  let before = process.cpuUsage();
  let end = Number.POSITIVE_INFINITY;
  const latencies = await timeRuns(session, feeds, (runs) => {
    if (runs === 0) {
      before = process.cpuUsage();
      end = performance.now() + 1000 * seconds;
    }
    return runs < LEAST_RUNS || performance.now() < end;
  });
  const { user, system } = process.cpuUsage(before);
  await session.release();
  const measured = {
    median_ms: nearestRank(latencies, 0.5),
    p99_ms: nearestRank(latencies, 0.99),
    cpu_ms: (user + system) / 1000 / latencies.length,
    runs: latencies.length,
  };
  return { measured, fallback: session.fallback };
}

process.on("message", async (request: MeasureRequest) => {
  try {
    process.send!(await measure(request), () => process.exit(0));
  } catch (error) {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  }
});
