import { Worker } from "node:worker_threads";
import { InputError } from "../errors.js";
import type { Policy } from "../policy/policy.js";
import type { MethodOrigin } from "../relevance/contract/method.js";
import type { CompiledLevels, Exactness } from "./compile-levels.js";
import type { CompileReply, CompileRequest } from "./compile-worker.js";
import type { Level } from "./explanation.js";

/**
 * `compileLevels` in a thread of its own: the caller's event loop stays free.
 * @param signal stops the thread
 * @throws InputError for a method that cannot explain this policy; the signal's reason when it aborts
 */
export async function compileInThread(
  { path, bytes, sha256, card, cardSource }: Policy,
  method: MethodOrigin,
  levels: readonly Level[],
  exactness: Exactness,
  signal?: AbortSignal,
): Promise<CompiledLevels> {
  signal?.throwIfAborted();
  const request: CompileRequest = {
    policy: { path, bytes, sha256, card, cardSource },
    method,
    levels,
    exactness,
  };
  const worker = new Worker(new URL("./compile-worker.js", import.meta.url), { workerData: request });
  const stop = () => void worker.terminate();
  signal?.addEventListener("abort", stop);
  const reply = await new Promise<CompileReply>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", (error) => reject(new Error(`the compiling thread failed: ${error.message}`)));
    worker.once("exit", (code) =>
      reject(signal?.aborted ? signal.reason : new Error(`the compiling thread has ended (code ${code})`)),
    );
  }).finally(() => signal?.removeEventListener("abort", stop));
  signal?.throwIfAborted();
  if ("failed" in reply) throw reply.isInput ? new InputError(reply.failed) : new Error(reply.failed);
  return reply;
}
