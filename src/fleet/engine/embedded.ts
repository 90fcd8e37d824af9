import type { Job } from "../job/job.js";
import { type Executor, JobFailed } from "./job-processes.js";
import { Tally } from "./tally.js";

/** Attempts of a job that did not fail by its own fault. */
const ATTEMPTS = 3;

export interface EmbeddedOptions {
  readonly executor: Executor;
  /** Jobs at a time. */
  readonly concurrency: number;
  /** Gives up the jobs in hand. */
  readonly signal: AbortSignal;
  readonly progress?: (tally: Tally) => void;
}

/** Runs jobs on this machine. What is not done when `signal` aborts is left. */
export async function runEmbedded(jobs: readonly Job[], options: EmbeddedOptions): Promise<Tally> {
  const { executor, concurrency, signal, progress } = options;
  const tally = new Tally(jobs.length);
  tally.isSliced = jobs.some(({ slice }) => slice);
  let next = 0;
  const work = async () => {
    for (let job = jobs[next++]; job && !signal.aborted; job = jobs[next++]) {
      try {
        tally.done(job, await attempted(executor, job, signal));
      } catch (error) {
        if (!(error instanceof JobFailed)) throw error;
        if (error.kind === "stopped") return;
        tally.failed(job, error.message);
      }
      progress?.(tally);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, jobs.length) }, work));
  return tally;
}

async function attempted(executor: Executor, job: Job, signal: AbortSignal) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await executor.run(job, { signal });
    } catch (error) {
      if (!(error instanceof JobFailed) || error.kind !== "again" || attempt === ATTEMPTS) throw error;
    }
  }
}
