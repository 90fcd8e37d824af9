import { createHash } from "node:crypto";
import { subjectOf } from "../explain/subject.js";
import { writeModel } from "../graph/onnx-write.js";
import type { Policy } from "../policy/policy.js";
import { compile } from "../relevance/compile.js";
import type { Method } from "../relevance/contract/method.js";

/**
 * Results by compiled network. A convention that a method does not read gives the same network, e.g. the origin of feature
 * points with the heatmaps of gradients: one result serves all such conventions.
 */
export class SameNetwork<T> {
  readonly #found = new Map<string, T>();

  /** @param reads the outputs that results depend on, by name; default all */
  constructor(private readonly reads: (output: string) => boolean = () => true) {}

  /** @param find computes a result */
  async of(policy: Policy, method: string | Method, find: () => Promise<T>): Promise<T> {
    const key = `${typeof method === "string" ? method : method.spec} ${networkOf(policy, method, this.reads)}`;
    const before = this.#found.get(key);
    if (before !== undefined) return before;
    const result = await find();
    this.#found.set(key, result);
    return result;
  }
}

/** Hash of the compiled network, without metadata, which names the convention. */
function networkOf(policy: Policy, method: string | Method, reads: (output: string) => boolean): string {
  const { graph } = compile(subjectOf(policy), { method, depth: "heatmap" });
  const outputs = new Map([...graph.outputs].filter(([name]) => reads(name)));
  return createHash("sha256")
    .update(writeModel({ ...graph, outputs, metadata: new Map() }))
    .digest("hex");
}
