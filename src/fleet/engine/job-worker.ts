import { packageMetadata } from "../../package-files.js";
import { JobRunner } from "../job/explain-job.js";
import { Roots } from "../store/place.js";
import { answered } from "./job-answer.js";
import type { JobProcessStart, JobReply, JobRequest } from "./job-messages.js";

/** Least time between two notes of progress, milliseconds. */
const PAUSE = 500;

const start = JSON.parse(process.argv[2]!) as JobProcessStart;
const roots = start.roots ? Roots.of(start.roots) : Promise.resolve(Roots.all);
const runner = new JobRunner();
const { version } = packageMetadata();
let stop = new AbortController();

const reply = (message: JobReply) => process.connected && process.send!(message);

async function run(data: unknown): Promise<JobReply> {
  stop = new AbortController();
  let last = performance.now();
  const progress = (part: number) => {
    if (performance.now() < last + PAUSE) return;
    last = performance.now();
    reply({ part });
  };
  const { device, threads } = start;
  return answered(runner, data, version, { roots: await roots, device, threads, signal: stop.signal, progress });
}

process.on("message", async (request: JobRequest) => {
  if (request === "stop") return stop.abort();
  if (request !== "end") return reply(await run(request.run));
  await runner.close();
  process.disconnect();
});
// The process that started this one ends it; signals of a terminal reach both.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
// Without the process that started it, nobody hears of what is done.
process.on("disconnect", () => process.exit(0));
