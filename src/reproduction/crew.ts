import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { InputError } from "../errors.js";
import { type CrewStart, DONE, type Reply, type Request, STOP } from "./crew-messages.js";
import type { Found, Item } from "./items.js";
import type { Workload } from "./workload.js";

/** Most threads: each holds a policy's episodes and its models, half a gigabyte. */
const MOST_THREADS = 4;
/** Milliseconds between two looks at how far the threads are. */
const LOOK = 200;

export interface CrewOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the control steps and explanations done in all. */
  readonly watch?: ((done: number) => void) | undefined;
}

/**
 * Runs and measures items in threads of their own, one item a thread at a time.
 * @param items the longest first, so that no thread is the last for long
 * @returns findings in the order of the items
 * @throws the first error of an item, the signal's reason when it aborts; then no thread is left
 */
export async function reproduceItems(
  items: readonly Item[],
  workload: Workload,
  { signal, watch }: CrewOptions,
): Promise<Found[]> {
  const found: Found[] = [];
  const shared = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const stop = (): void => void Atomics.store(shared, STOP, 1);
  signal?.addEventListener("abort", stop);
  const looking = setInterval(() => watch?.(Atomics.load(shared, DONE)), LOOK);
  let next = 0;
  const thread = async (): Promise<void> => {
    const worker = new Worker(new URL("./crew-worker.js", import.meta.url), {
      workerData: { shared, workload } satisfies CrewStart,
    });
    try {
      for (let at = next++; at < items.length && !signal?.aborted; at = next++)
        found[at] = await ask(worker, items[at]!);
    } catch (error) {
      stop();
      throw error;
    } finally {
      // A thread inside onnxruntime must not be terminated: it ends by itself.
      worker.postMessage("end" satisfies Request);
    }
  };
  try {
    const threads = Math.min(items.length, availableParallelism(), MOST_THREADS);
    const ended = await Promise.allSettled(Array.from({ length: threads }, thread));
    signal?.throwIfAborted();
    const failure = ended.find((result) => result.status === "rejected");
    if (failure) throw failure.reason;
    watch?.(Atomics.load(shared, DONE));
    return found;
  } finally {
    clearInterval(looking);
    signal?.removeEventListener("abort", stop);
  }
}

function ask(worker: Worker, item: Item): Promise<Found> {
  return new Promise((resolve, reject) => {
    const settle = (): void => void worker.off("message", answered).off("error", failed).off("exit", ended);
    const answered = (reply: Reply): void => {
      settle();
      if ("found" in reply) resolve(reply.found);
      else reject(reply.isInput ? new InputError(reply.failed) : new Error(reply.failed));
    };
    const failed = (error: Error): void => {
      settle();
      reject(error);
    };
    const ended = (code: number): void => failed(new Error(`the thread of ${item.path} has ended (code ${code})`));
    worker.on("message", answered).on("error", failed).on("exit", ended);
    worker.postMessage(item satisfies Request);
  });
}
