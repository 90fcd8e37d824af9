import { parentPort, workerData } from "node:worker_threads";
import { InputError } from "../errors.js";
import { type CrewStart, DONE, type Reply, type Request, STOP } from "./crew-messages.js";
import type { Progress } from "./progress.js";

/** Answers the items that a crew's thread is given, until the end. */
export function serveItems<Item, Found, Setting>(
  work: (item: Item, setting: Setting, progress: Progress) => Promise<Found>,
): void {
  const { shared, setting } = workerData as CrewStart;
  const port = parentPort!;
  const stop = new AbortController();
  const done = (steps = 1): void => {
    Atomics.add(shared, DONE, steps);
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
      reply = { found: await work(request.item as Item, setting as Setting, { signal: stop.signal, done }) };
    } catch (error) {
      reply = { failed: (error as Error).message, isInput: error instanceof InputError };
    }
    port.postMessage(reply);
  });
}
