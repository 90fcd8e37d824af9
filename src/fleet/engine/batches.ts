import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { FlowProducer, Queue, type Job as QueuedJob } from "bullmq";
import { z } from "zod";
import { InputError } from "../../errors.js";
import type { Done } from "../job/explain-job.js";
import { checkedJob, type Job } from "../job/job.js";
import type { EngineAddress } from "./address.js";
import { BATCHES, ConnectionLines, greet, isConnection, JOBS, lasting, prefixOf } from "./connection.js";
import { Tally } from "./tally.js";

/** Attempts of a job that fails by no fault of its own, and the time before the second, milliseconds; twice as long each. */
const ATTEMPTS = 3;
const BACKOFF = 5000;
/** Longest wait for a server at the end, milliseconds. */
const LAST_WORDS = 3000;
/** Seconds that a finished batch is known. */
const KEPT = 30 * 86_400;

const BATCH = z.object({
  output: z.string(),
  jobs: z.int(),
  already: z.int(),
  sliced: z.boolean(),
  cancelled: z.boolean().optional(),
});

/** A batch as it stands. */
export interface BatchState {
  readonly id: string;
  readonly output: string;
  /** When it was made, milliseconds since 1970. */
  readonly created: number;
  readonly jobs: number;
  /** Jobs whose part was there when it was made. */
  readonly already: number;
  readonly done: number;
  readonly failed: number;
  /** Jobs that wait, are under way, or are tried again later. */
  readonly left: number;
  readonly isCancelled: boolean;
}

export interface AddOptions {
  readonly id: string;
  readonly output: string;
  readonly already: number;
  /** 1 before 2, and so on; undefined before all of them. */
  readonly priority?: number | undefined;
}

/** A new batch's name. BullMQ refuses names of digits alone. */
export const newBatch = (): string => `b${randomBytes(5).toString("hex")}`;

/** The batches on a server: each is a flow, the parent of its jobs. */
export class Batches {
  private constructor(
    private readonly version: string,
    private readonly jobs: Queue,
    private readonly batches: Queue,
    private readonly flows: FlowProducer,
    private readonly lines: ConnectionLines,
    private readonly end: AbortController,
  ) {}

  /**
   * @param say called with lines about the connection
   * @throws InputError as `greet`
   */
  static async open(address: EngineAddress, version: string, say: (line: string) => void): Promise<Batches> {
    await greet(address, version);
    const end = new AbortController();
    const options = { connection: lasting(address, end.signal), prefix: prefixOf(version) };
    const lines = new ConnectionLines(address.name, say);
    const [jobs, batches, flows] = [new Queue(JOBS, options), new Queue(BATCHES, options), new FlowProducer(options)];
    jobs.on("error", lines.failed);
    batches.on("error", lines.failed);
    flows.on("error", lines.failed);
    return new Batches(version, jobs, batches, flows, lines, end);
  }

  /** Adds a batch whole or not at all. @throws InputError for jobs that workers would refuse */
  async add(jobs: readonly Job[], { id, output, already, priority }: AddOptions): Promise<void> {
    const opts = {
      attempts: ATTEMPTS,
      backoff: { type: "exponential", delay: BACKOFF },
      removeOnComplete: true,
      ignoreDependencyOnFailure: true,
      stackTraceLimit: 1,
      ...(priority !== undefined && { priority }),
    };
    const flow = {
      name: "batch",
      queueName: BATCHES,
      data: { output, jobs: jobs.length, already, sliced: jobs.some(({ slice }) => slice) },
      opts: { jobId: id, removeOnComplete: { age: KEPT } },
      children: jobs.map((job, i) => ({
        name: "explain",
        queueName: JOBS,
        data: checkedJob(job, this.version),
        opts: { ...opts, jobId: `${id}-${i}` },
      })),
    };
    for (let attempt = 1; ; attempt++) {
      try {
        await this.flows.add(flow);
        return;
      } catch (error) {
        // Where the connection broke, it may be there or not: what has the same names is not added twice.
        if (!isConnection(error as Error) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** A batch; undefined where the server knows none of this name. */
  async state(id: string): Promise<BatchState | undefined> {
    const parent = await this.#parent(id);
    this.lines.back();
    const state = parent && (await stateOf(parent));
    if (!state || state.left > 0 || state.done + state.failed === state.jobs || state.isCancelled) return state;
    // The server may have lost it between the two requests.
    return (await this.#parent(id)) && state;
  }

  /** All batches, the newest first. */
  async all(): Promise<BatchState[]> {
    const parents = await this.batches.getJobs(["waiting-children", "wait", "active", "completed", "failed"]);
    const states = await Promise.all(parents.filter(Boolean).map((parent) => stateOf(parent as QueuedJob)));
    return states.sort((a, b) => b.created - a.created);
  }

  /** What came of a batch's jobs so far. */
  async tally(id: string): Promise<Tally> {
    const parent = await this.#known(id);
    const { jobs, sliced } = BATCH.parse(parent.data);
    const tally = new Tally(jobs);
    tally.isSliced = sliced;
    const values = await parent.getChildrenValues<Done>();
    for (const [key, done] of Object.entries(values))
      tally.done({ recording: { uri: `job ${key.slice(key.lastIndexOf(":") + 1)}`, fingerprint: "" } }, done);
    const failures = Object.entries(await parent.getIgnoredChildrenFailures());
    for (const [key, reason] of failures) {
      const child = await this.jobs.getJob(key.slice(key.lastIndexOf(":") + 1));
      const { recording, slice } = (child?.data ?? { recording: { uri: key } }) as Job;
      tally.failed({ recording, slice }, reason);
    }
    return tally;
  }

  /** Takes back the jobs that nobody has begun; returns how many. Those under way end. */
  async cancel(id: string): Promise<number> {
    const parent = await this.#known(id);
    const before = (await stateOf(parent)).left;
    if (before === 0) return 0;
    await parent.updateData({ ...parent.data, cancelled: true });
    await parent.removeUnprocessedChildren();
    return before - (await stateOf(parent)).left;
  }

  /** Tries the jobs that failed once more; returns how many. */
  async retry(id: string): Promise<number> {
    const parent = await this.#known(id);
    let count = 0;
    for (const key of Object.keys(await parent.getIgnoredChildrenFailures())) {
      const child = await this.jobs.getJob(key.slice(key.lastIndexOf(":") + 1));
      if (!child || !(await child.isFailed())) continue;
      await child.retry("failed", { resetAttemptsMade: true, resetAttemptsStarted: true });
      count++;
    }
    return count;
  }

  /** Ends the connections; a server that is gone is not waited for. */
  async close(): Promise<void> {
    this.end.abort();
    const closed = Promise.all([this.jobs.close(), this.batches.close(), this.flows.close()]);
    await Promise.race([closed, sleep(LAST_WORDS, undefined, { ref: false })]);
  }

  async #parent(id: string): Promise<QueuedJob | undefined> {
    return (await this.batches.getJob(id)) as QueuedJob | undefined;
  }

  async #known(id: string): Promise<QueuedJob> {
    const parent = await this.#parent(id);
    if (parent) return parent;
    throw new InputError(`${id}: no such batch of torquelens ${this.version} on this server (batch status lists them)`);
  }
}

async function stateOf(parent: QueuedJob): Promise<BatchState> {
  const { output, jobs, already, cancelled = false } = BATCH.parse(parent.data);
  const counts = await parent.getDependenciesCount({ processed: true, ignored: true, unprocessed: true, failed: true });
  const { processed = 0, ignored = 0, unprocessed = 0, failed = 0 } = counts;
  return {
    id: parent.id!,
    created: parent.timestamp,
    ...{ output, jobs, already },
    done: processed,
    failed: ignored + failed,
    left: unprocessed,
    isCancelled: cancelled,
  };
}
