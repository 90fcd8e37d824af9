import { Queue, type Job as QueuedJob, UnrecoverableError, WaitingError, Worker } from "bullmq";
import { InputError } from "../../errors.js";
import type { Done } from "../job/explain-job.js";
import { checkedJob, type Job, jobName } from "../job/job.js";
import type { EngineAddress } from "./address.js";
import { BATCHES, ConnectionLines, greet, JOBS, lasting, prefixOf, waitingIn } from "./connection.js";
import { type Executor, JobFailed } from "./job-processes.js";

/** Times that a job may be left by workers that died, before it counts as their cause. */
const MOST_STALLED = 3;

export interface RedisWorkerOptions {
  readonly address: EngineAddress;
  readonly version: string;
  readonly executor: Executor;
  /** Jobs at a time. */
  readonly concurrency: number;
  /** Seconds after which a worker that is not heard of has lost its jobs to others. */
  readonly lock: number;
  /** Jobs a second of all workers together; undefined for as many as they can. */
  readonly rate?: number | undefined;
  /** Called with a line about a job or the connection. */
  readonly say: (line: string) => void;
}

/** Takes jobs from a Redis server until it is closed. */
export class RedisWorker {
  readonly #options: RedisWorkerOptions;
  readonly #worker: Worker;
  readonly #parents: Worker;
  readonly #stop = new AbortController();
  #inHand = 0;

  private constructor(options: RedisWorkerOptions) {
    this.#options = options;
    const { address, version, concurrency, lock, rate, say } = options;
    const shared = {
      connection: lasting(address),
      prefix: prefixOf(version),
      lockDuration: 1000 * lock,
      stalledInterval: 1000 * lock,
      maxStalledCount: MOST_STALLED,
    };
    this.#worker = new Worker(JOBS, (job, token) => this.#run(job, token), {
      ...shared,
      concurrency,
      ...(rate !== undefined && { limiter: { max: rate, duration: 1000 } }),
    });
    // A batch is done when all its jobs are: nothing is left to do for it.
    this.#parents = new Worker(BATCHES, async () => null, shared);
    const lines = new ConnectionLines(address.name, say);
    for (const worker of [this.#worker, this.#parents]) {
      worker.on("error", lines.failed);
      worker.on("ioredis:close", lines.lost);
      worker.on("ready", lines.back);
      worker.on("active", lines.back);
    }
    this.#worker.on("stalled", (id) => say(`job ${id}: its worker is not heard of any more; it waits for another one`));
    this.#worker.on("failed", (job, error) => {
      if (!job) return;
      const isLast = job.finishedOn !== undefined;
      say(`${nameOf(job)}: ${isLast ? "failed" : "failed, and is tried again"}: ${error.message}`);
    });
  }

  /**
   * Begins to take jobs.
   * @throws InputError as `greet`
   */
  static async start(options: RedisWorkerOptions): Promise<RedisWorker> {
    const { address, version, say } = options;
    for (const other of await greet(address)) {
      if (other === version) continue;
      const queue = new Queue(JOBS, { connection: lasting(address), prefix: prefixOf(other) });
      const waiting = await waitingIn(queue).finally(() => queue.close());
      if (waiting > 0)
        say(
          `${waiting} jobs of torquelens ${other} wait as well: this worker is ${version}, may answer otherwise, and leaves them`,
        );
    }
    const worker = new RedisWorker(options);
    await Promise.all([worker.#worker.waitUntilReady(), worker.#parents.waitUntilReady()]);
    return worker;
  }

  /** Number of jobs in hand. */
  get inHand(): number {
    return this.#inHand;
  }

  /** Gives the jobs in hand back, for other workers. */
  giveBack(): void {
    this.#stop.abort();
  }

  /**
   * Takes no more jobs, and waits for those in hand.
   * @param force true to wait for nothing
   */
  async close(force = false): Promise<void> {
    await Promise.all([this.#worker.close(force), this.#parents.close(force)]);
  }

  async #run(queued: QueuedJob, token: string | undefined): Promise<Done> {
    const { executor, version, say } = this.#options;
    this.#inHand++;
    const started = performance.now();
    try {
      const job = checkedJob(queued.data, version);
      const progress = (part: number) => void queued.updateProgress(Number(part.toFixed(3))).catch(() => undefined);
      const done = await executor.run(job, { signal: this.#stop.signal, progress });
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      say(`${jobName(job)}: ${done.already ? "already there" : `${done.ticks} ticks in ${seconds} s`}`);
      return done;
    } catch (error) {
      if (error instanceof InputError) throw new UnrecoverableError(error.message);
      if (!(error instanceof JobFailed)) throw error;
      if (error.kind === "refused") throw new UnrecoverableError(error.message);
      if (error.kind === "again") throw new Error(error.message);
      await queued.moveToWait(token);
      say(`${nameOf(queued)}: given back`);
      throw new WaitingError();
    } finally {
      this.#inHand--;
    }
  }
}

/** A job's name, as far as its data are those of a job. */
function nameOf({ id, data }: QueuedJob): string {
  const uri = (data as Partial<Job> | undefined)?.recording?.uri;
  return typeof uri === "string" ? jobName(data as Job) : `job ${id}`;
}
