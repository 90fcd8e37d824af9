import type { Done } from "../job/explain-job.js";
import { type Job, jobName } from "../job/job.js";

/** A job that was given up, and why, in one line. */
export interface DeadLetter {
  readonly job: string;
  readonly reason: string;
}

/** What came of a batch's jobs. */
export class Tally {
  explained = 0;
  /** Jobs whose part another batch had written. */
  already = 0;
  ticks = 0;
  runs = 0;
  /** Seconds of recordings. */
  seconds = 0;
  /** True where recordings were cut. */
  isSliced = false;
  readonly deadLetters: DeadLetter[] = [];
  readonly notes: string[] = [];

  constructor(readonly jobs: number) {}

  get settled(): number {
    return this.explained + this.already + this.deadLetters.length;
  }

  done(job: Pick<Job, "recording" | "slice">, { ticks, runs, seconds, already, notes = [] }: Done): void {
    if (already) this.already++;
    else this.explained++;
    this.ticks += ticks;
    this.runs += runs;
    this.seconds += seconds;
    for (const note of notes) this.notes.push(`${jobName(job)}: ${note}`);
  }

  failed(job: Pick<Job, "recording" | "slice">, reason: string): void {
    this.deadLetters.push({ job: jobName(job), reason });
  }
}
