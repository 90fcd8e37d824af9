import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../../errors.js";
import { JobProcesses } from "../../fleet/engine/job-processes.js";
import { RedisWorker } from "../../fleet/engine/redis-worker.js";
import { placeOf, Roots } from "../../fleet/store/place.js";
import { plural } from "../../numbers/format.js";
import { packageMetadata } from "../../package-files.js";
import type { Device } from "../../runtime/device.js";
import { writeErr, writeOut } from "../../text/terminal.js";
import { visibleLine } from "../../text/visible.js";
import { neededEngine } from "../input/engine.js";
import { Interruption } from "../process/interruption.js";

export interface WorkerCommandOptions {
  readonly root: readonly string[];
  readonly concurrency: number;
  readonly threads: number;
  readonly device: Device;
  readonly rate?: number;
  readonly grace: number;
  readonly lock: number;
}

/** Longest wait for a server that is gone, once all jobs have ended, milliseconds. */
const LAST_WORDS = 10_000;

/** Takes jobs from an engine until it is told to stop. */
export async function worker(engine: string | undefined, options: WorkerCommandOptions): Promise<void> {
  const address = neededEngine(engine);
  const { root, concurrency, threads, device, rate, grace, lock } = options;
  if (root.length === 0) throw new InputError("--root: expected the folders that jobs may name, one at least");
  await Roots.of(root);
  const { version } = packageMetadata();
  const interruption = new Interruption({ outlivesOutput: true });
  const executor = new JobProcesses(concurrency, { roots: root.map(placeOf), device, threads });
  try {
    const say = (line: string) => void (interruption.canPrint && writeOut(`${visibleLine(line)}\n`));
    const given = { address, version, executor, concurrency, lock, say };
    const taking = await RedisWorker.start({ ...given, ...(rate !== undefined && { rate }) });
    say(`takes jobs of torquelens ${version} from ${address.name}, ${concurrency} at a time`);
    await aborted(interruption.signal);
    if (taking.inHand > 0) writeErr(`stopping; ${plural(taking.inHand, "job")} in hand, given back after ${grace} s\n`);
    if (!(await ended(taking, grace))) {
      writeErr(`${address.name} does not answer: jobs in hand go to other workers after ${lock} s\n`);
      await executor.close();
      // Connections to a server that is gone would keep the process.
      process.exit(1);
    }
  } finally {
    await executor.close();
    interruption.end();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });

/**
 * Waits for the jobs in hand, and gives them back after the grace time.
 * @returns false where the server is gone
 */
async function ended(taking: RedisWorker, grace: number): Promise<boolean> {
  const closed = taking.close().then(() => true);
  if (await Promise.race([closed, until(1000 * grace)])) return true;
  taking.giveBack();
  return Promise.race([closed, until(LAST_WORDS)]);
}

const until = (milliseconds: number) => sleep(milliseconds, false);
