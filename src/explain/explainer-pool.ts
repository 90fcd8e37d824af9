import type { Policy } from "../policy/policy.js";
import { Explainer, type ExplainerOptions } from "./explainer.js";
import type { Explanation } from "./explanation.js";
import { hasMemory } from "./memory.js";
import type { Observation } from "./observation.js";
import type { AnyExplainer, ExplainOptions } from "./pipeline.js";

export interface PoolOptions extends ExplainerOptions {
  /** Number of explainers, each with its own threads; 1 for a policy with memory. */
  readonly jobs: number;
}

/**
 * Explains several observations at a time, started in the order of the calls. Every explainer gives the same explanation
 * of an observation.
 */
export class ExplainerPool implements AnyExplainer {
  readonly #free: Explainer[];
  readonly #waiting: ((explainer: Explainer) => void)[] = [];

  private constructor(private readonly explainers: readonly Explainer[]) {
    this.#free = [...explainers];
  }

  /** @throws as `Explainer.create` */
  static async create(policy: Policy, { jobs, ...options }: PoolOptions): Promise<ExplainerPool> {
    const count = hasMemory(policy) ? 1 : jobs;
    const made = await Promise.allSettled(Array.from({ length: count }, () => Explainer.create(policy, options)));
    const explainers = made.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const failure = made.find((result) => result.status === "rejected");
    if (!failure) return new ExplainerPool(explainers);
    await Promise.all(explainers.map((explainer) => explainer.close()));
    throw failure.reason;
  }

  /** Number of observations that are explained at a time. */
  get size(): number {
    return this.explainers.length;
  }

  /** The first explainer; method, device and precision are the same for all. */
  get first(): Explainer {
    return this.explainers[0]!;
  }

  /** @throws as `Explainer.explain` */
  async explain(observation: Observation, options?: ExplainOptions): Promise<Explanation> {
    const explainer = this.#free.shift() ?? (await new Promise<Explainer>((resolve) => this.#waiting.push(resolve)));
    try {
      return await explainer.explain(observation, options);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(explainer);
      else this.#free.push(explainer);
    }
  }

  /** Waits for the explanations in progress. Safe to call twice. */
  async close(): Promise<void> {
    await Promise.all(this.explainers.map((explainer) => explainer.close()));
  }
}
