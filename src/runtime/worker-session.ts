import { Worker } from "node:worker_threads";
import { InputError } from "../errors.js";
import type { SessionOptions, TensorData } from "./session.js";
import type { WorkerReply, WorkerRequest, WorkerStart } from "./session-worker.js";

interface Pending {
  resolve(outputs: Record<string, TensorData>): void;
  reject(error: Error): void;
}

/** A session in a worker thread of its own: the caller's event loop stays free while it computes. */
export class WorkerSession {
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  #ended: Error | undefined;

  private constructor(private readonly worker: Worker) {
    worker.on("message", (reply: WorkerReply) => this.#answer(reply));
    worker.on("error", (error) => this.#end(error));
    worker.on("exit", () => this.#end(new Error("the inference worker has ended")));
  }

  /** @throws InputError where onnxruntime refuses the model */
  static async create(model: Uint8Array, options: SessionOptions = {}): Promise<WorkerSession> {
    const start: WorkerStart = { model, options };
    const worker = new Worker(new URL("./session-worker.js", import.meta.url), { workerData: start });
    const first = await new Promise<WorkerReply>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    if ("failed" in first) {
      await worker.terminate();
      throw new InputError(first.failed);
    }
    return new WorkerSession(worker);
  }

  /**
   * All outputs by name.
   * @param feeds copied to the worker; the caller may reuse its buffers at once
   */
  run(feeds: Readonly<Record<string, TensorData>>): Promise<Record<string, TensorData>> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.worker.postMessage({ id, feeds } satisfies WorkerRequest);
    });
  }

  async release(): Promise<void> {
    await this.worker.terminate();
  }

  #answer(reply: WorkerReply): void {
    if (!("id" in reply)) return;
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ("error" in reply) pending?.reject(new Error(`inference failed: ${reply.error}`));
    else pending?.resolve(reply.outputs);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}
