import { parentPort, workerData } from "node:worker_threads";
import { Session, type SessionOptions, type TensorData } from "./session.js";

/** A worker thread that owns one session: onnxruntime's run() blocks its thread. */
export interface WorkerStart {
  readonly model: Uint8Array;
  readonly options: SessionOptions;
}
export interface WorkerRequest {
  readonly id: number;
  readonly feeds: Readonly<Record<string, TensorData>>;
}
export type WorkerReply =
  | { readonly ready: true }
  | { readonly failed: string }
  | { readonly id: number; readonly outputs: Readonly<Record<string, TensorData>>; readonly runMs: number }
  | { readonly id: number; readonly error: string };

const { model, options } = workerData as WorkerStart;
const port = parentPort!;
try {
  const session = await Session.create(model, options);
  port.on("message", async ({ id, feeds }: WorkerRequest) => {
    try {
      const start = performance.now();
      const results = await session.run(feeds);
      const runMs = performance.now() - start;
      // onnxruntime's own buffers cannot be transferred: hand over copies.
      const outputs = Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [
          name,
          { ...tensor, data: (tensor.data as Float32Array).slice() },
        ]),
      );
      const buffers = Object.values(outputs).map(({ data }) => data.buffer as ArrayBuffer);
      port.postMessage({ id, outputs, runMs } satisfies WorkerReply, buffers);
    } catch (error) {
      port.postMessage({ id, error: (error as Error).message } satisfies WorkerReply);
    }
  });
  port.postMessage({ ready: true } satisfies WorkerReply);
} catch (error) {
  port.postMessage({ failed: (error as Error).message } satisfies WorkerReply);
}
