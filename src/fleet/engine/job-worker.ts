import { InputError } from "../../errors.js";
import { packageMetadata } from "../../package-files.js";
import { JobRunner } from "../job/explain-job.js";
import { checkedJob } from "../job/job.js";
import { Roots } from "../store/place.js";
import { Transient } from "../store/transient.js";
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
  const { signal } = stop;
  let last = performance.now();
  const progress = (part: number) => {
    if (performance.now() < last + PAUSE) return;
    last = performance.now();
    reply({ part });
  };
  try {
    const place = { roots: await roots, device: start.device, threads: start.threads, signal, progress };
    return { done: await runner.run(checkedJob(data, version), place) };
  } catch (error) {
    if (signal.aborted) return { failed: "given back", kind: "stopped" };
    const isRefused = error instanceof InputError && !(error instanceof Transient);
    const { message } = error as Error;
    return { failed: message.split("\n")[0]!, kind: isRefused ? "refused" : "again" };
  }
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
