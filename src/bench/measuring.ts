import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Device, DeviceInUse } from "../runtime/device.js";
import type { Tensors } from "../runtime/models.js";

/** Times of one model's runs, milliseconds. */
export interface Measured {
  readonly median_ms: number;
  readonly p99_ms: number;
  /** Median processor time of a run, over all threads; includes threads that spin, hardly depends on other processes. */
  readonly cpu_ms: number;
  readonly runs: number;
  /** Part of the machine's processors that other processes took meanwhile; missing where it is unknown. */
  readonly others?: number;
}

export interface MeasureRequest {
  /** An ONNX file. */
  readonly model: Uint8Array;
  readonly threads: number;
  readonly device: Device;
  readonly seconds: number;
  /** Values of inputs; by default noise. */
  readonly observation?: Tensors | undefined;
}

export interface MeasureReply {
  readonly measured: Measured;
  readonly device: DeviceInUse;
  /** Why the requested device was not used, one line. */
  readonly fallback: string | undefined;
}

/** Times one model in a process of its own: two sessions in one process spin against each other. */
export function inChild(request: MeasureRequest): Promise<MeasureReply> {
  const child = fork(fileURLToPath(new URL("./measure.js", import.meta.url)), { serialization: "advanced" });
  return new Promise((resolve, reject) => {
    let reply: MeasureReply | undefined;
    child.once("message", (message) => {
      reply = message as MeasureReply;
    });
    child.once("exit", (code) =>
      reply ? resolve(reply) : reject(new Error(`the process that measures ended with code ${code}`)),
    );
    child.send(request);
  });
}
