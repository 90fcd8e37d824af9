import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Done } from "../job/explain-job.js";
import type { Job } from "../job/job.js";
import type { JobProcessStart, JobReply, JobRequest } from "./job-messages.js";

const PROGRAM = fileURLToPath(new URL("job-worker.js", import.meta.url));

/** Time that a process has to give up its job before it is ended, milliseconds. */
const PATIENCE = 1000;

/** Why a job has no result. */
export class JobFailed extends Error {
  /** @param kind `refused` where another attempt would fail as well, `stopped` where it was given up */
  constructor(
    message: string,
    readonly kind: "refused" | "again" | "stopped",
  ) {
    super(message);
  }
}

export interface RunOptions {
  /** Gives the job up. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the part that is done, 0 to 1. */
  readonly progress?: ((part: number) => void) | undefined;
}

/** Runs jobs: in processes of their own, so that one that crashes or needs too much memory takes nothing else along. */
export interface Executor {
  /** @throws JobFailed */
  run(job: Job, options?: RunOptions): Promise<Done>;
  close(): Promise<void>;
}

/** Processes that run a job at a time each. They start with their first job, and keep its policy for the next ones. */
export class JobProcesses implements Executor {
  readonly #free: JobProcess[];
  readonly #all: readonly JobProcess[];
  readonly #waiting: ((process: JobProcess) => void)[] = [];

  constructor(count: number, start: JobProcessStart) {
    this.#all = Array.from({ length: count }, () => new JobProcess(start));
    this.#free = [...this.#all];
  }

  async run(job: Job, options: RunOptions = {}): Promise<Done> {
    const process = this.#free.pop() ?? (await new Promise<JobProcess>((resolve) => this.#waiting.push(resolve)));
    try {
      return await process.run(job, options);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(process);
      else this.#free.push(process);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((process) => process.close()));
  }
}

class JobProcess {
  #child: ChildProcess | undefined;

  constructor(private readonly start: JobProcessStart) {}

  run(job: Job, { signal, progress }: RunOptions): Promise<Done> {
    if (signal?.aborted) return Promise.reject(new JobFailed("given back", "stopped"));
    const child = this.#running();
    return new Promise<Done>((resolve, reject) => {
      let late: NodeJS.Timeout | undefined;
      const stop = () => {
        send(child, "stop");
        // One that loads a policy, say, does not hear it.
        late = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
      };
      const heard = (reply: JobReply) => {
        if ("part" in reply) return progress?.(reply.part);
        ended();
        if ("done" in reply) resolve(reply.done);
        else reject(new JobFailed(reply.failed, reply.kind));
      };
      const died = (code: number | null, by: string | null) => {
        ended();
        this.#child = undefined;
        const how = by === null ? `exit code ${code}` : by;
        reject(new JobFailed(`the process that explained it ended (${how})`, signal?.aborted ? "stopped" : "again"));
      };
      const ended = () => {
        clearTimeout(late);
        child.off("message", heard);
        child.off("exit", died);
        signal?.removeEventListener("abort", stop);
      };
      child.on("message", heard);
      child.on("exit", died);
      signal?.addEventListener("abort", stop);
      send(child, { run: job });
    });
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    if (child.connected) send(child, "end");
    await exited;
  }

  #running(): ChildProcess {
    if (this.#child?.connected) return this.#child;
    // Passwords of the engine are none of its business, and it has none of this process's debugging options.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TORQUELENS_")));
    this.#child = fork(PROGRAM, [JSON.stringify(this.start)], {
      env,
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    return this.#child;
  }
}

function send(child: ChildProcess, request: JobRequest): void {
  // A process that has just ended says so itself.
  child.send(request, () => {});
}
