import "../runtime/no-telemetry.js";
import { parentPort, workerData } from "node:worker_threads";
import { InputError } from "../errors.js";
import { type CrewStart, DONE, type Reply, type Request, STOP } from "./crew-messages.js";
import { reproduceItem } from "./items.js";

const { shared, workload } = workerData as CrewStart;
const port = parentPort!;
const stop = new AbortController();
const done = (): void => {
  Atomics.add(shared, DONE, 1);
  // Inference leaves this thread no time for messages.
  if (Atomics.load(shared, STOP) !== 0) stop.abort();
};

port.on("message", async (request: Request) => {
  if (request === "end") {
    port.close();
    return;
  }
  let reply: Reply;
  try {
    reply = { found: await reproduceItem(request, workload, { signal: stop.signal, done }) };
  } catch (error) {
    reply = { failed: (error as Error).message, isInput: error instanceof InputError };
  }
  port.postMessage(reply);
});
