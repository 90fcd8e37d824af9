import type { Policy } from "../policy/policy.js";
import type { Method } from "../relevance/contract/method.js";
import { Explainer, type ExplainerOptions, jointIndex } from "./explainer.js";
import { type Explanation, LEVELS, type Level } from "./explanation.js";
import { Latencies } from "./latencies.js";
import { LevelController } from "./level-controller.js";
import type { Observation } from "./observation.js";
import type { AnyExplainer, ExplainOptions } from "./pipeline.js";

/** A fixed level, or `auto`: the deepest level that the deadline allows. */
export type LevelChoice = Level | "auto";

export interface RealTimeOptions extends Omit<ExplainerOptions, "levels" | "worker" | "compileInThread"> {
  /** Default `auto`. */
  readonly level?: LevelChoice;
  /** The joint whose heatmap is shown (`TickOptions.heatmapOf`); default the α-weighted sum. */
  readonly heatmapOf?: string | undefined;
}

/** Counts and latencies since the start. */
export interface RealTimeStatistics {
  /** Number of explanations. */
  readonly explained: number;
  /** Number of observations that could not be explained. */
  readonly failed: number;
  /** Number of explanations that took longer than the deadline. */
  readonly misses: number;
  /** Number of explanations by level. */
  readonly levels: Readonly<Record<Level, number>>;
  /** Over the newest 200 explanations, milliseconds; NaN before the first. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

/** An `Explainer` with all levels. */
export type InnerExplainer = Pick<
  Explainer,
  "policy" | "method" | "warnings" | "fallback" | "deadlineMs" | "explain" | "setMethod" | "close"
>;

/** Number of latencies in the statistics: ten seconds at 20 Hz. */
const RECENT = 200;

/** Explains within the control period, at a level that fits or at a fixed one. Method and heatmap can change at run time. */
export class RealTimeExplainer implements AnyExplainer {
  readonly #controller: LevelController;
  readonly #latencies = new Latencies(RECENT);
  readonly #levels: Record<Level, number> = { full: 0, shares: 0, skip: 0 };
  #explained = 0;
  #failed = 0;
  #misses = 0;
  #choice: LevelChoice;
  #heatmapOf: string | undefined;

  /** @throws InputError for a joint that the policy does not command */
  constructor(
    private readonly explainer: InnerExplainer,
    { level = "auto", heatmapOf }: Pick<RealTimeOptions, "level" | "heatmapOf"> = {},
  ) {
    this.#controller = new LevelController({ budgetMs: explainer.deadlineMs });
    this.#choice = level;
    this.setHeatmapOf(heatmapOf);
  }

  /**
   * Compiles, loads and warms up, all in other threads.
   * @throws InputError for a method that is unknown or cannot explain this policy, or an unknown joint
   */
  static async create(policy: Policy, options: RealTimeOptions = {}): Promise<RealTimeExplainer> {
    const { level, heatmapOf, ...rest } = options;
    if (heatmapOf !== undefined) jointIndex(heatmapOf, policy.outputs);
    const explainer = await Explainer.create(policy, { ...rest, levels: LEVELS, compileInThread: true });
    return new RealTimeExplainer(explainer, { level, heatmapOf });
  }

  get policy(): Policy {
    return this.explainer.policy;
  }

  get method(): Method {
    return this.explainer.method;
  }

  /** Warnings about the method on this policy, one line each. */
  get warnings(): readonly string[] {
    return this.explainer.warnings;
  }

  /** Why another device is in use than was asked for, one line; undefined where it is the same. */
  get fallback(): string | undefined {
    return this.explainer.fallback;
  }

  /** An explanation that takes longer is flagged `deadline_missed`, milliseconds. */
  get deadlineMs(): number {
    return this.explainer.deadlineMs;
  }

  /** The level of the next tick. */
  get level(): Level {
    return this.#choice === "auto" ? this.#controller.level : this.#choice;
  }

  /** Sets the level from the next tick on. */
  setLevel(choice: LevelChoice): void {
    if (choice === "auto" && this.#choice !== "auto") this.#controller.reset();
    this.#choice = choice;
  }

  /** The joint whose heatmap is shown; undefined for the α-weighted sum. */
  get heatmapOf(): string | undefined {
    return this.#heatmapOf;
  }

  /** @throws InputError for a joint that the policy does not command; nothing changes then */
  setHeatmapOf(joint: string | undefined): void {
    if (joint !== undefined) jointIndex(joint, this.policy.outputs);
    this.#heatmapOf = joint;
  }

  /**
   * Changes the method between two ticks. The old method explains until the new one is ready, and stays if that fails.
   * @throws InputError for a method that is unknown or cannot explain this policy
   */
  async setMethod(method: string | Method): Promise<void> {
    await this.explainer.setMethod(method);
    this.#controller.reset();
  }

  /** @throws as `Explainer.explain` */
  async explain(observation: Observation, { onTorque }: ExplainOptions = {}): Promise<Explanation> {
    const { level, method } = this;
    let explanation: Explanation;
    try {
      explanation = await this.explainer.explain(observation, { level, heatmapOf: this.#heatmapOf, onTorque });
    } catch (error) {
      this.#failed++;
      throw error;
    }
    const { latencyMs } = explanation;
    this.#explained++;
    this.#levels[level]++;
    this.#latencies.add(latencyMs);
    if (latencyMs > this.deadlineMs) this.#misses++;
    // Ignore the latency of a method that was replaced during the tick.
    if (this.#choice === "auto" && level === this.#controller.level && method === this.method)
      this.#controller.add(latencyMs);
    return explanation;
  }

  statistics(): RealTimeStatistics {
    return {
      explained: this.#explained,
      failed: this.#failed,
      misses: this.#misses,
      levels: { ...this.#levels },
      latencyMs: { p50: this.#latencies.percentile(0.5), p99: this.#latencies.percentile(0.99) },
    };
  }

  /** Waits for the explanations in progress, then frees the models and their thread. Safe to call twice. */
  async close(): Promise<void> {
    await this.explainer.close();
  }
}
