import { parentPort, workerData } from "node:worker_threads";
import { InputError } from "../errors.js";
import { readModel } from "../graph/onnx-read.js";
import { type Policy, policyOf } from "../policy/policy.js";
import type { MethodOrigin } from "../relevance/contract/method.js";
import { compositeMethod } from "../relevance/methods/composite-method.js";
import { methodNamed } from "../relevance/methods.js";
import { type CompiledLevels, compileLevels, type Exactness } from "./compile-levels.js";
import type { Level } from "./explanation.js";

/** Request to this thread, which compiles one policy and ends. */
export interface CompileRequest {
  readonly policy: Pick<Policy, "path" | "bytes" | "sha256" | "card" | "cardSource">;
  readonly method: MethodOrigin;
  readonly levels: readonly Level[];
  readonly exactness: Exactness;
}
export type CompileReply = CompiledLevels | { readonly failed: string; readonly isInput: boolean };

function compiled({ policy, method, levels, exactness }: CompileRequest): CompiledLevels {
  const { path, bytes, sha256, card, cardSource } = policy;
  const model = { path, bytes, sha256, graph: readModel(bytes, path) };
  return compileLevels(
    policyOf(model, { card, source: cardSource, folder: "." }),
    "spec" in method ? methodNamed(method.spec) : compositeMethod(method.table, method.source),
    levels,
    exactness,
  );
}

const reply = (message: CompileReply, buffers: ArrayBuffer[] = []) => parentPort!.postMessage(message, buffers);
try {
  const result = compiled(workerData as CompileRequest);
  const buffers = new Set(Object.values(result.models).map(({ buffer }) => buffer as ArrayBuffer));
  reply(result, [...buffers]);
} catch (error) {
  reply({ failed: (error as Error).message, isInput: error instanceof InputError });
}
