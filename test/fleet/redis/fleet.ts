import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineAddress } from "#src/fleet/engine/address.js";
import { answered } from "#src/fleet/engine/job-answer.js";
import { type Executor, JobFailed } from "#src/fleet/engine/job-processes.js";
import { planned } from "#src/fleet/engine/plan.js";
import { RedisWorker } from "#src/fleet/engine/redis-worker.js";
import { pack, store as storePolicy } from "#src/fleet/job/bundle.js";
import { JobRunner } from "#src/fleet/job/explain-job.js";
import type { Job } from "#src/fleet/job/job.js";
import { Roots, storeAt } from "#src/fleet/store/place.js";
import { packageMetadata } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { policy, record } from "../recordings.js";
import { rowsIn } from "../tables.js";

export const { version } = packageMetadata();

/** Runs jobs in this process, one at a time: the same code as in processes of their own, but loaded once. */
export class InThisProcess implements Executor {
  readonly #runner = new JobRunner();
  #last: Promise<unknown> = Promise.resolve();
  /** Recordings in the order in which they were begun. */
  readonly begun: string[] = [];

  /** @param before called before each job */
  constructor(
    private readonly roots: Roots,
    public before: (job: Job) => Promise<void> = async () => {},
  ) {}

  run(job: Job, { signal }: { signal?: AbortSignal | undefined } = {}) {
    const result = this.#last.then(async () => {
      this.begun.push(job.recording.uri);
      await this.before(job);
      const place = { roots: this.roots, device: "cpu", threads: 1, ...(signal && { signal }) } as const;
      const reply = await answered(this.#runner, job, version, place);
      if ("done" in reply) return reply.done;
      throw new JobFailed(reply.failed, reply.kind);
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  close(): Promise<void> {
    return this.#runner.close();
  }
}

/** A folder with recordings, and the files that a batch of them makes of one machine alone. */
export class Fleet {
  readonly executor: InThisProcess;
  readonly #workers: RedisWorker[] = [];
  #outputs = 0;

  private constructor(
    readonly folder: string,
    readonly bags: readonly string[],
    roots: Roots,
  ) {
    this.executor = new InThisProcess(roots);
  }

  static async create(recordings: number): Promise<Fleet> {
    const folder = await mkdtemp(join(tmpdir(), "torquelens-fleet-"));
    process.env.XDG_CACHE_HOME = join(folder, "cache");
    const first = await record(folder, "run-0.mcap", 1, 4);
    const bags = Array.from({ length: recordings }, (_, i) => join(folder, `run-${i}.mcap`));
    for (const bag of bags.slice(1)) await copyFile(first, bag);
    return new Fleet(folder, bags, await Roots.of([folder]));
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  /** A data set's folder, with the policy in it, and the jobs for all recordings. */
  async batch(
    bags: readonly string[] = this.bags,
    output = this.at(`out-${this.#outputs++}`),
  ): Promise<{ output: string; jobs: readonly Job[] }> {
    const loaded = await loadPolicy(policy);
    const files = [policy, policy.replace(".onnx", ".yaml"), policy.replace(".onnx", ".xml")];
    const packed = await pack({ policy: loaded, files });
    const store = await storeAt(output);
    await storePolicy(packed, store);
    const settings = {
      ...{ method: "dtd", precision: "exact", level: "shares", every: 1 },
      ...{ image: {}, joints: [], values: {}, given: {}, msgPath: [] },
    } as const;
    const given = { version, store, policy: packed.digest, robotOf: () => undefined, again: false };
    const plan = await planned(bags, { ...given, settings: settings as unknown as Job["settings"] });
    return { output, jobs: plan.jobs };
  }

  /** Starts a worker in this process. Its lines go to `lines`. */
  async worker(
    address: EngineAddress,
    lines: string[] = [],
    more: { version?: string; lock?: number } = {},
  ): Promise<RedisWorker> {
    const say = (line: string) => void lines.push(line);
    const worker = await RedisWorker.start({
      address,
      version,
      executor: this.executor,
      concurrency: 1,
      lock: 1,
      say,
      ...more,
    });
    this.#workers.push(worker);
    return worker;
  }

  /** Ends the workers of a test. */
  async rest(): Promise<void> {
    this.executor.before = async () => {};
    this.executor.begun.length = 0;
    await Promise.all(this.#workers.splice(0).map((worker) => worker.close(true)));
  }

  async close(): Promise<void> {
    await this.executor.close();
    await rm(this.folder, { recursive: true });
  }
}

/** The recordings with a row in the table of runs, as often as they have one. */
export const recordingsIn = async (output: string): Promise<string[]> =>
  (await rowsIn(output, "runs")).map(({ bag }) => bag as string).sort();

/** The files of a data set's tables with their contents, and no others: nothing half-written. */
export async function filesIn(output: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const table of ["ticks", "runs"]) {
    const entries = await readdir(join(output, table), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile()))
      found[`${table}/${entry.name}`] = (await readFile(join(entry.parentPath, entry.name))).toString("base64");
  }
  return found;
}
