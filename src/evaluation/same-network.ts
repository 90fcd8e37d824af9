import { createHash } from "node:crypto";
import { subjectOf } from "../explain/subject.js";
import { writeModel } from "../graph/onnx-write.js";
import type { Policy } from "../policy/policy.js";
import { compile } from "../relevance/compile.js";
import type { Method } from "../relevance/contract/method.js";

/**
 * Results by compiled network. A convention that a method does not read gives the same network, e.g. the origin of feature
 * points with gradients: one result serves all such conventions.
 */
export class SameNetwork<T> {
  readonly #found = new Map<string, T>();

  /**
   * @param find computes a result
   * @param known called if the result is known already
   */
  async of(policy: Policy, method: string | Method, find: () => Promise<T>, known: () => void = () => {}): Promise<T> {
    const key = `${typeof method === "string" ? method : method.spec} ${networkOf(policy, method)}`;
    const before = this.#found.get(key);
    if (before !== undefined) {
      known();
      return before;
    }
    const result = await find();
    this.#found.set(key, result);
    return result;
  }
}

/** Hash of the compiled network, without metadata, which names the convention. */
function networkOf(policy: Policy, method: string | Method): string {
  const { graph } = compile(subjectOf(policy), { method, depth: "heatmap" });
  return createHash("sha256")
    .update(writeModel({ ...graph, metadata: new Map() }))
    .digest("hex");
}
