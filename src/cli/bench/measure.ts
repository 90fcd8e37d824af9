import { DTYPES } from "../../graph/dtype.js";
import { readModel } from "../../graph/onnx-read.js";
import { sizeOf } from "../../graph/shape.js";
import type { Device } from "../../runtime/device.js";
import { Session, type TensorData } from "../../runtime/session.js";
import { warnOfFallback } from "../device-option.js";

/** Times one model in this process, so that no other session's threads disturb it; the parent reads one JSON line. */
export interface Measured {
  readonly median_ms: number;
  readonly p99_ms: number;
  readonly runs: number;
}

interface Request {
  readonly model: Uint8Array;
  readonly threads: number;
  readonly device: Device;
  readonly seconds: number;
}

async function measure({ model, threads, device, seconds }: Request): Promise<Measured> {
  const feeds: Record<string, TensorData> = {};
  let seed = 1;
  for (const [name, { dtype, shape }] of readModel(model, "benchmark").inputs) {
    const data = new (DTYPES[dtype].array as Float32ArrayConstructor)(sizeOf(shape));
    for (let i = 0; i < data.length; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      data[i] = dtype === "uint8" ? seed >>> 24 : name === "torquelens.importance" ? 1 : seed / 2 ** 31 - 1;
    }
    feeds[name] = { dtype, shape, data };
  }
  const session = await Session.create(model, { threads, device });
  warnOfFallback(session);
  for (let i = 0; i < 5; i++) await session.run(feeds);
  const times: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end || times.length < 20) {
    const start = performance.now();
    await session.run(feeds);
    times.push(performance.now() - start);
  }
  await session.release();
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(part * times.length))]!;
  return { median_ms: at(0.5), p99_ms: at(0.99), runs: times.length };
}

process.on("message", async (request: Request) => {
  try {
    process.send!(await measure(request), () => process.exit(0));
  } catch (error) {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  }
});
