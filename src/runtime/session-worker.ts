import { parentPort, workerData } from "node:worker_threads";
import type { DeviceInUse } from "./device.js";
import { Session, type SessionOptions, type TensorData } from "./session.js";

/** A worker thread that owns one session: onnxruntime's run() blocks its thread. */
export interface WorkerStart {
  readonly model: Uint8Array;
  readonly options: SessionOptions;
}
/** A run, or the end: after it no more is answered. */
export type WorkerRequest =
  | { readonly id: number; readonly feeds: Readonly<Record<string, TensorData>> }
  | { readonly release: true };
export type WorkerReply =
  | { readonly device: DeviceInUse; readonly fallback: string | undefined }
  | { readonly failed: string }
  | { readonly id: number; readonly outputs: Readonly<Record<string, TensorData>> }
  | { readonly id: number; readonly error: string };

const { model, options } = workerData as WorkerStart;
const port = parentPort!;
const reply = (message: WorkerReply, buffers: ArrayBuffer[] = []) => port.postMessage(message, buffers);

async function serve(session: Session): Promise<void> {
  // One after the other, so that the end comes after every run that was asked for before it.
  let last: Promise<void> = Promise.resolve();
  port.on("message", (request: WorkerRequest) => {
    last = last.then(() => ("release" in request ? end(session) : answer(session, request)));
  });
  reply({ device: session.device, fallback: session.fallback });
}

async function answer(session: Session, { id, feeds }: Extract<WorkerRequest, { id: number }>): Promise<void> {
  try {
    // onnxruntime's own buffers cannot be transferred: hand over copies.
    const outputs = Object.fromEntries(
      Object.entries(await session.run(feeds)).map(([name, tensor]) => [
        name,
        { ...tensor, data: (tensor.data as Float32Array).slice() },
      ]),
    );
    const buffers = Object.values(outputs).map(({ data }) => data.buffer as ArrayBuffer);
    reply({ id, outputs }, buffers);
  } catch (error) {
    reply({ id, error: (error as Error).message });
  }
}

/** Nothing keeps the thread alive then: it ends by itself. */
async function end(session: Session): Promise<void> {
  await session.release();
  port.close();
}

try {
  await serve(await Session.create(model, options));
} catch (error) {
  reply({ failed: (error as Error).message });
}
