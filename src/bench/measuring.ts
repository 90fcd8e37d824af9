import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DTYPES } from "../graph/dtype.js";
import { readInputs } from "../graph/onnx-read.js";
import { sizeOf } from "../graph/shape.js";
import type { Device } from "../runtime/device.js";
import type { TensorData } from "../runtime/session.js";

/** Times of one model's runs, milliseconds. */
export interface Measured {
  readonly median_ms: number;
  readonly p99_ms: number;
  /** Processor time of all threads, mean of a run; what other processes do hardly touches it, threads that spin do. */
  readonly cpu_ms: number;
  readonly runs: number;
}

export interface Request {
  /** An ONNX file. */
  readonly model: Uint8Array;
  readonly threads: number;
  readonly device: Device;
  readonly seconds: number;
}

/** Numbers for every input of a model, the same every time: bytes, floats within ±1, importance 1. */
export function sampleFeeds(model: Uint8Array): Record<string, TensorData> {
  const feeds: Record<string, TensorData> = {};
  let seed = 1;
  for (const { name = "", dtype, shape } of readInputs(model, "benchmark")) {
    const data = new (DTYPES[dtype].array as Float32ArrayConstructor)(sizeOf(shape));
    for (let i = 0; i < data.length; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      data[i] = dtype === "uint8" ? seed >>> 24 : name === "torquelens.importance" ? 1 : seed / 2 ** 31 - 1;
    }
    feeds[name] = { dtype, shape, data };
  }
  return feeds;
}

/** Times one model in a process of its own: two sessions in one process spin against each other. */
export function inChild(request: Request): Promise<Measured> {
  const child = fork(fileURLToPath(new URL("./measure.js", import.meta.url)), { serialization: "advanced" });
  return new Promise((resolve, reject) => {
    let measured: Measured | undefined;
    child.once("message", (message) => {
      measured = message as Measured;
    });
    child.once("exit", (code) =>
      measured ? resolve(measured) : reject(new Error(`measuring ended with code ${code}`)),
    );
    child.send(request);
  });
}
