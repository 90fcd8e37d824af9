import { createHash } from "node:crypto";
import { subjectOf } from "../explain/subject.js";
import { writeModel } from "../graph/onnx-write.js";
import type { Policy } from "../policy/policy.js";
import { compile } from "../relevance/compile.js";

/**
 * Results by what a method compiles to. Conventions that a method does not read, as gradients do not read where feature
 * points are measured from, give the same network: what is found of it once is found under all of them.
 */
export class SameNetwork<T> {
  readonly #found = new Map<string, T>();

  /**
   * @param find makes a result that is not there yet
   * @param known called where it is
   */
  async of(policy: Policy, method: string, find: () => Promise<T>, known: () => void = () => {}): Promise<T> {
    const key = `${method} ${networkOf(policy, method)}`;
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

/** What a method compiles to, in short; metadata, which names the convention, aside. */
function networkOf(policy: Policy, method: string): string {
  const { graph } = compile(subjectOf(policy), { method, depth: "heatmap" });
  return createHash("sha256")
    .update(writeModel({ ...graph, metadata: new Map() }))
    .digest("hex");
}
