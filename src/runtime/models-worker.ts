import { parentPort, workerData } from "node:worker_threads";
import { InputError } from "../errors.js";
import type { DeviceInUse } from "./device.js";
import { LocalModels, type Step, type Tensors } from "./models.js";
import type { SessionOptions } from "./session.js";

/** A worker thread that owns models: onnxruntime's run() blocks its thread. */
export interface WorkerStart {
  readonly models: Readonly<Record<string, Uint8Array>>;
  readonly options: SessionOptions;
}
/** Runs, or the end: after it nothing is answered. */
export type WorkerRequest =
  | { readonly id: number; readonly feeds: Tensors; readonly steps: readonly Step[] }
  | { readonly release: true };
export type WorkerReply =
  | { readonly device: DeviceInUse; readonly fallback: string | undefined }
  | { readonly failed: string }
  | { readonly id: number; readonly step: number; readonly outputs: Tensors }
  | { readonly id: number; readonly error: string; readonly isInput: boolean };

const { models: files, options } = workerData as WorkerStart;
const port = parentPort!;
const reply = (message: WorkerReply, buffers: ArrayBuffer[] = []) => port.postMessage(message, buffers);

function serve(models: LocalModels): void {
  port.on("message", (request: WorkerRequest) => {
    if ("release" in request) void end(models);
    else void answer(models, request);
  });
  reply({ device: models.device, fallback: models.fallback });
}

async function answer(
  models: LocalModels,
  { id, feeds, steps }: Extract<WorkerRequest, { id: number }>,
): Promise<void> {
  const results = models.run(feeds, steps);
  try {
    for (const [step, result] of results.entries()) {
      // onnxruntime's own buffers cannot be transferred: send copies.
      const outputs = Object.fromEntries(
        Object.entries(await result).map(([name, tensor]) => [
          name,
          { ...tensor, data: (tensor.data as Float32Array).slice() },
        ]),
      );
      const buffers = Object.values(outputs).map(({ data }) => data.buffer as ArrayBuffer);
      reply({ id, step, outputs }, buffers);
    }
  } catch (error) {
    await Promise.allSettled(results);
    reply({ id, error: (error as Error).message, isInput: error instanceof InputError });
  }
}

/** After this nothing keeps the thread alive, and it ends. */
async function end(models: LocalModels): Promise<void> {
  await models.release();
  // Callers that wait for the last run are answered first.
  setImmediate(() => port.close());
}

try {
  serve(await LocalModels.create(files, options));
} catch (error) {
  reply({ failed: (error as Error).message });
}
