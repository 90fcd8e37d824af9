import type { Policy } from "../policy/policy.js";
import type { Method } from "../relevance/contract/method.js";
import { Explainer, type ExplainerOptions } from "./explainer.js";
import { type Explanation, LEVELS, type Level } from "./explanation.js";
import { checkedSubject, type HeatmapSubject, isContrast, methodFor } from "./heatmap-subject.js";
import { Latencies } from "./latencies.js";
import { LevelController } from "./level-controller.js";
import type { Observation } from "./observation.js";
import type { AnyExplainer, ExplainOptions } from "./pipeline.js";

/** A fixed level, or `auto`: the deepest level that the deadline allows. */
export type LevelChoice = Level | "auto";

export interface RealTimeOptions extends Omit<ExplainerOptions, "levels" | "worker" | "compileInThread"> {
  /** Default `auto`. */
  readonly level?: LevelChoice;
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
  #subject: HeatmapSubject = {};

  /** @throws InputError for a joint that the policy does not command, or a contrast that the method cannot show */
  constructor(
    private readonly explainer: InnerExplainer,
    { level = "auto", ...subject }: Pick<RealTimeOptions, "level" | keyof HeatmapSubject> = {},
  ) {
    this.#controller = new LevelController({ budgetMs: explainer.deadlineMs });
    this.#choice = level;
    this.#check(subject);
    this.#subject = subject;
  }

  /**
   * Compiles, loads and warms up, all in other threads.
   * @throws InputError for a method that is unknown or cannot explain this policy, or an unknown joint
   */
  static async create(policy: Policy, options: RealTimeOptions = {}): Promise<RealTimeExplainer> {
    const { level, heatmapOf, contrast, against, ...rest } = options;
    const subject = checkedSubject({ heatmapOf, contrast, against }, policy.outputs);
    const method = methodFor(policy, subject, rest.method);
    const explainer = await Explainer.create(policy, { ...rest, method, levels: LEVELS, compileInThread: true });
    return new RealTimeExplainer(explainer, { level, ...subject });
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

  /** What heatmaps explain. */
  get subject(): HeatmapSubject {
    return this.#subject;
  }

  /**
   * Changes what heatmaps explain, and the method where one is given, between two ticks. The old method explains until the
   * new one is ready, and stays if that fails.
   * @throws InputError for a method that is unknown or cannot explain this policy, a joint that the policy does not
   *   command, or a contrast that the method cannot show; nothing changes then
   */
  async change(subject: HeatmapSubject, asked?: string | Method): Promise<void> {
    this.#check(subject, asked);
    if (asked !== undefined) {
      const before = this.#subject;
      // Until the new method is ready, the old one cannot show what only the new one can, nor the other way round.
      if (!isContrast(subject)) this.#subject = subject;
      try {
        await this.explainer.setMethod(asked);
      } catch (error) {
        this.#subject = before;
        throw error;
      }
      this.#controller.reset();
    }
    this.#subject = subject;
  }

  /** As `change`, with what heatmaps explain as it is. */
  setMethod(method: string | Method): Promise<void> {
    return this.change(this.#subject, method);
  }

  #check(subject: HeatmapSubject, method: string | Method = this.method): void {
    checkedSubject(subject, this.policy.outputs);
    methodFor(this.policy, subject, method);
  }

  /** @throws as `Explainer.explain` */
  async explain(observation: Observation, { onTorque }: ExplainOptions = {}): Promise<Explanation> {
    const { level, method } = this;
    let explanation: Explanation;
    try {
      explanation = await this.explainer.explain(observation, { level, ...this.#subject, onTorque });
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
