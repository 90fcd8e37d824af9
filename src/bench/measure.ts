import { warnOfFallback } from "../cli/options/device.js";
import { nearestRank } from "../numbers/quantile.js";
import { Session } from "../runtime/session.js";
import { type Measured, type Request, sampleFeeds } from "./measuring.js";

/** Times one model in this process, so that no other session's threads disturb it. */
async function measure({ model, threads, device, seconds }: Request): Promise<Measured> {
  const feeds = sampleFeeds(model);
  const session = await Session.create(model, { threads, device });
  warnOfFallback(session);
  for (let i = 0; i < 5; i++) await session.run(feeds);
  const times: number[] = [];
  const before = process.cpuUsage();
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end || times.length < 20) {
    const start = performance.now();
    await session.run(feeds);
    times.push(performance.now() - start);
  }
  const { user, system } = process.cpuUsage(before);
  await session.release();
  return {
    median_ms: nearestRank(times, 0.5),
    p99_ms: nearestRank(times, 0.99),
    cpu_ms: (user + system) / 1000 / times.length,
    runs: times.length,
  };
}

process.on("message", async (request: Request) => {
  try {
    process.send!(await measure(request), () => process.exit(0));
  } catch (error) {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  }
});
