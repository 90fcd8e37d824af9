import type { Device } from "../../runtime/device.js";
import type { Done } from "../job/explain-job.js";

// Between a process and those that run its jobs.

/** What a process that runs jobs is started with, as JSON in its arguments. */
export interface JobProcessStart {
  /** Places that it may read and write; undefined for all. */
  readonly roots?: readonly string[] | undefined;
  readonly device: Device;
  readonly threads: number;
}

/** `stop` gives up the job in hand. */
export type JobRequest = { readonly run: unknown } | "stop" | "end";

/** `refused`: another attempt would fail as well. */
export type JobReply =
  | { readonly part: number }
  | { readonly done: Done }
  | { readonly failed: string; readonly kind: "refused" | "again" | "stopped" };
