import type { Policy } from "../policy/policy.js";
import { Explainer, type ExplainerOptions } from "./explainer.js";
import type { Explanation } from "./explanation.js";
import { hasMemory } from "./memory.js";
import type { Observation } from "./observation.js";
import type { Explaining, ExplainOptions } from "./pipeline.js";

export interface PoolOptions extends ExplainerOptions {
  /** Explainers side by side, each with threads of its own. A policy that remembers earlier ticks has one. */
  readonly jobs: number;
}

/**
 * Explains several observations at a time. They are begun in the order in which they come, so that a policy with memory
 * sees them in that order; which explainer one falls to makes no difference to its explanation.
 */
export class ExplainerPool implements Explaining {
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

  /** How many observations are explained at a time. */
  get size(): number {
    return this.explainers.length;
  }

  /** One of them: what it says of method, device and precision holds for all. */
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

  /** Waits for what is under way. Safe to call twice. */
  async close(): Promise<void> {
    await Promise.all(this.explainers.map((explainer) => explainer.close()));
  }
}
