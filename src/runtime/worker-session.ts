import { Worker } from "node:worker_threads";
import { InputError } from "../errors.js";
import type { DeviceInUse } from "./device.js";
import type { SessionOptions, TensorData } from "./session.js";
import type { WorkerReply, WorkerRequest, WorkerStart } from "./session-worker.js";

interface Pending {
  resolve(outputs: Record<string, TensorData>): void;
  reject(error: Error): void;
}

/** A session in a worker thread of its own: the caller's event loop stays free while it computes. */
export class WorkerSession {
  readonly #pending = new Map<number, Pending>();
  readonly #exit: Promise<void>;
  #next = 0;
  #ended: Error | undefined;
  #released = false;

  #device: DeviceInUse = "cpu";
  #fallback: string | undefined;

  private constructor(private readonly worker: Worker) {
    this.#exit = new Promise((resolve) => worker.once("exit", () => resolve()));
    worker.on("message", (reply: WorkerReply) => this.#answer(reply));
    worker.on("error", (error) => this.#end(new Error(`the inference worker failed: ${error.message}`)));
    worker.on("exit", (code) => this.#end(new Error(`the inference worker has ended (code ${code})`)));
  }

  /** @throws InputError where onnxruntime refuses the model */
  static async create(model: Uint8Array, options: SessionOptions = {}): Promise<WorkerSession> {
    const start: WorkerStart = { model, options };
    const worker = new Worker(new URL("./session-worker.js", import.meta.url), { workerData: start });
    const session = new WorkerSession(worker);
    const first = await new Promise<WorkerReply>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", (code) => reject(new Error(`the inference worker ended before it was ready (code ${code})`)));
    });
    if ("failed" in first) {
      await session.#exit;
      throw new InputError(first.failed);
    }
    if ("device" in first) {
      session.#device = first.device;
      session.#fallback = first.fallback;
    }
    return session;
  }

  get device(): DeviceInUse {
    return this.#device;
  }

  /** Why the device asked for is not the one in use, one line. */
  get fallback(): string | undefined {
    return this.#fallback;
  }

  /**
   * All outputs by name.
   * @param feeds copied to the worker; the caller may reuse its buffers at once
   */
  async run(feeds: Readonly<Record<string, TensorData>>): Promise<Record<string, TensorData>> {
    if (this.#released) throw new Error("the inference session was released");
    if (this.#ended) throw this.#ended;
    const id = this.#next++;
    this.#send({ id, feeds });
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  /**
   * Waits for the runs under way, then frees the session and its thread. Safe to call twice.
   * The thread ends by itself: to terminate one that is inside onnxruntime aborts the process.
   */
  async release(): Promise<void> {
    if (!this.#released && !this.#ended) this.#send({ release: true });
    this.#released = true;
    await this.#exit;
  }

  #send(request: WorkerRequest): void {
    this.worker.postMessage(request);
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
