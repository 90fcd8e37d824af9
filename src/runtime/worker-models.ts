import { Worker } from "node:worker_threads";
import { InputError } from "../errors.js";
import type { DeviceInUse } from "./device.js";
import { type Models, observed, released, type Step, type Tensors } from "./models.js";
import type { WorkerReply, WorkerRequest, WorkerStart } from "./models-worker.js";
import type { SessionOptions } from "./session.js";

interface Pending {
  resolve(outputs: Tensors): void;
  reject(error: Error): void;
}

/** Models in a worker thread: the caller's event loop stays free while they compute. */
export class WorkerModels implements Models {
  /** The promises of each request's steps. */
  readonly #pending = new Map<number, readonly Pending[]>();
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

  /**
   * @param models ONNX files by name, at least one; their memory moves to the worker
   * @throws InputError where onnxruntime refuses one
   */
  static async create(
    models: Readonly<Record<string, Uint8Array>>,
    options: SessionOptions = {},
  ): Promise<WorkerModels> {
    const start: WorkerStart = { models, options };
    const worker = new Worker(new URL("./models-worker.js", import.meta.url), {
      workerData: start,
      transferList: Object.values(models).map(({ buffer }) => buffer as ArrayBuffer),
    });
    const made = new WorkerModels(worker);
    const first = await new Promise<WorkerReply>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", (code) => reject(new Error(`the inference worker ended before it was ready (code ${code})`)));
    });
    if ("failed" in first) {
      await made.#exit;
      throw new InputError(first.failed);
    }
    if ("device" in first) {
      made.#device = first.device;
      made.#fallback = first.fallback;
    }
    return made;
  }

  get device(): DeviceInUse {
    return this.#device;
  }

  get fallback(): string | undefined {
    return this.#fallback;
  }

  /** @param feeds copied to the worker; the caller may reuse its buffers at once */
  run(feeds: Tensors, steps: readonly Step[]): readonly Promise<Tensors>[] {
    const dead = this.#released ? released() : this.#ended;
    if (dead) return observed(steps.map(() => Promise.reject(dead)));
    const id = this.#next++;
    const pending: Pending[] = [];
    const results = steps.map(() => new Promise<Tensors>((resolve, reject) => pending.push({ resolve, reject })));
    this.#send({ id, feeds, steps });
    this.#pending.set(id, pending);
    return observed(results);
  }

  /**
   * Waits for the runs under way, then frees the models and their thread. Safe to call twice.
   * The thread ends by itself: terminating a thread inside onnxruntime aborts the process.
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
    if ("error" in reply) {
      this.#pending.delete(reply.id);
      // Settled promises ignore this.
      const error = reply.isInput ? new InputError(reply.error) : new Error(`inference failed: ${reply.error}`);
      for (const { reject } of pending ?? []) reject(error);
      return;
    }
    pending?.[reply.step]?.resolve(reply.outputs);
    if (reply.step + 1 === pending?.length) this.#pending.delete(reply.id);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const pending of this.#pending.values()) for (const { reject } of pending) reject(this.#ended);
    this.#pending.clear();
  }
}
