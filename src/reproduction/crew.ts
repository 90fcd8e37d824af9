import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { InputError } from "../errors.js";
import { type CrewStart, DONE, type Reply, type Request, STOP } from "./crew-messages.js";

/** Most threads: each holds a policy's episodes and its models, half a gigabyte. */
const MOST_THREADS = 4;
/** Milliseconds between two looks at how far the threads are. */
const LOOK = 200;

/** A kind of work that threads do, an item at a time. */
export interface Crew<Item> {
  /** File of the threads: it calls `serveItems`. */
  readonly worker: URL;
  /** What all items have in common; it can be passed between threads. */
  readonly setting: unknown;
  /** An item's name for an error. */
  nameOf(item: Item): string;
  /** Most threads, default as many as there are cores. */
  readonly threads?: number;
}

export interface CrewOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the steps done in all. */
  readonly watch?: ((done: number) => void) | undefined;
}

/**
 * Works on items in threads of their own, one item a thread at a time.
 * @param items the longest first, so that no thread is the last for long
 * @returns findings in the order of the items
 * @throws the first error of an item, the signal's reason when it aborts; then no thread is left
 */
export async function runCrew<Item, Found>(
  crew: Crew<Item>,
  items: readonly Item[],
  { signal, watch }: CrewOptions,
): Promise<Found[]> {
  const found: Found[] = [];
  const shared = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const stop = (): void => void Atomics.store(shared, STOP, 1);
  signal?.addEventListener("abort", stop);
  const looking = setInterval(() => watch?.(Atomics.load(shared, DONE)), LOOK);
  let next = 0;
  const thread = async (): Promise<void> => {
    const { setting } = crew;
    const worker = new Worker(crew.worker, { workerData: { shared, setting } satisfies CrewStart });
    try {
      for (let at = next++; at < items.length && !signal?.aborted; at = next++)
        found[at] = await ask<Item, Found>(worker, items[at]!, crew);
    } catch (error) {
      stop();
      throw error;
    } finally {
      // A thread inside onnxruntime must not be terminated: it ends by itself.
      worker.postMessage("end" satisfies Request);
    }
  };
  try {
    const threads = Math.min(items.length, availableParallelism(), crew.threads ?? MOST_THREADS);
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

function ask<Item, Found>(worker: Worker, item: Item, { nameOf }: Crew<Item>): Promise<Found> {
  return new Promise((resolve, reject) => {
    const settle = (): void => void worker.off("message", answered).off("error", failed).off("exit", ended);
    const answered = (reply: Reply): void => {
      settle();
      if ("found" in reply) resolve(reply.found as Found);
      else reject(reply.isInput ? new InputError(reply.failed) : new Error(reply.failed));
    };
    const failed = (error: Error): void => {
      settle();
      reject(error);
    };
    const ended = (code: number): void => failed(new Error(`the thread of ${nameOf(item)} has ended (code ${code})`));
    worker.on("message", answered).on("error", failed).on("exit", ended);
    worker.postMessage({ item } satisfies Request);
  });
}
