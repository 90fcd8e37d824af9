import { InputError } from "../../errors.js";
import type { JobRunner, Place } from "../job/explain-job.js";
import { checkedJob } from "../job/job.js";
import { Transient } from "../store/transient.js";
import type { JobReply } from "./job-messages.js";

/** Runs a job and says what came of it. @param data the job, from somewhere else */
export async function answered(
  runner: JobRunner,
  data: unknown,
  version: string,
  place: Place,
): Promise<Exclude<JobReply, { readonly part: number }>> {
  try {
    return { done: await runner.run(checkedJob(data, version), place) };
  } catch (error) {
    if (place.signal?.aborted) return { failed: "given back", kind: "stopped" };
    const isRefused = error instanceof InputError && !(error instanceof Transient);
    return { failed: (error as Error).message.split("\n")[0]!, kind: isRefused ? "refused" : "again" };
  }
}
