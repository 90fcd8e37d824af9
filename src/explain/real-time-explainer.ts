import type { Policy } from "../policy/policy.js";
import type { Method } from "../relevance/contract/method.js";
import { Explainer, type ExplainerOptions, jointIndex } from "./explainer.js";
import { type Explanation, LEVELS, type Level } from "./explanation.js";
import { Latencies } from "./latencies.js";
import { LevelController } from "./level-controller.js";
import type { Observation } from "./observation.js";
import type { Explaining, ExplainOptions } from "./pipeline.js";

/** `auto`: as deep as the deadline allows. */
export type LevelChoice = Level | "auto";

export interface RealTimeOptions extends Omit<ExplainerOptions, "levels" | "worker" | "aside"> {
  /** Default `auto`. */
  readonly level?: LevelChoice;
  /** The joint whose heatmap is shown, see `TickOptions.heatmapOf`; by default the α-weighted one. */
  readonly heatmapOf?: string | undefined;
}

/** How the explaining has gone. */
export interface RealTimeStatistics {
  /** Explanations since the start. */
  readonly explained: number;
  /** Observations that could not be explained. */
  readonly failed: number;
  /** Explanations that took longer than the deadline. */
  readonly misses: number;
  /** Explanations by level. */
  readonly levels: Readonly<Record<Level, number>>;
  /** Of the newest explanations, milliseconds; NaN before the first. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

/** What it drives: an `Explainer` with all levels. */
export type Driven = Pick<
  Explainer,
  "policy" | "method" | "warnings" | "fallback" | "deadlineMs" | "explain" | "setMethod" | "close"
>;

/** Latencies that statistics are of: ten seconds at 20 Hz. */
const RECENT = 200;

/** Explains within the control period: at a level that fits, or at a fixed one; method and heatmap change at run time. */
export class RealTimeExplainer implements Explaining {
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
    private readonly explainer: Driven,
    { level = "auto", heatmapOf }: Pick<RealTimeOptions, "level" | "heatmapOf"> = {},
  ) {
    this.#controller = new LevelController({ budgetMs: explainer.deadlineMs });
    this.#choice = level;
    this.setHeatmapOf(heatmapOf);
  }

  /**
   * Compiles, loads and warms up in threads of its own.
   * @throws InputError for a method that is unknown or cannot explain this policy, or an unknown joint
   */
  static async create(policy: Policy, options: RealTimeOptions = {}): Promise<RealTimeExplainer> {
    const { level, heatmapOf, ...rest } = options;
    if (heatmapOf !== undefined) jointIndex(heatmapOf, policy.card.joints);
    const explainer = await Explainer.create(policy, { ...rest, levels: LEVELS, aside: true });
    return new RealTimeExplainer(explainer, { level, heatmapOf });
  }

  get policy(): Policy {
    return this.explainer.policy;
  }

  get method(): Method {
    return this.explainer.method;
  }

  /** What a user may want to know of how the method met the policy, a line each. */
  get warnings(): readonly string[] {
    return this.explainer.warnings;
  }

  /** Why the device asked for is not the one in use, one line; undefined where it is. */
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

  /** A level for all ticks from the next one on, or `auto`. */
  setLevel(choice: LevelChoice): void {
    if (choice === "auto" && this.#choice !== "auto") this.#controller.reset();
    this.#choice = choice;
  }

  /** The joint whose heatmap is shown; undefined for the α-weighted one. */
  get heatmapOf(): string | undefined {
    return this.#heatmapOf;
  }

  /** @throws InputError for a joint that the policy does not command; the one before stays */
  setHeatmapOf(joint: string | undefined): void {
    if (joint !== undefined) jointIndex(joint, this.policy.card.joints);
    this.#heatmapOf = joint;
  }

  /**
   * Changes the method between two ticks. The old one explains until the new one is ready, and stays where that fails.
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
    // What a method took that is not in use any more says nothing of the one that is.
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

  /** Waits for what is under way, then frees the models and their thread. Safe to call twice. */
  async close(): Promise<void> {
    await this.explainer.close();
  }
}
