import { InputError } from "../errors.js";
import type { Policy } from "../policy/policy.js";
import type { Method } from "../relevance/contract/method.js";
import { methodNamed } from "../relevance/methods.js";
import type { Precision } from "../relevance/precision/precision.js";
import type { Device } from "../runtime/device.js";
import { LocalModels, type Models, type Step, type Tensors } from "../runtime/models.js";
import { WorkerModels } from "../runtime/worker-models.js";
import { compileInThread as compileMethodInThread } from "./compile-in-thread.js";
import { type CompiledLevels, compileLevels, type Exactness, graphOf } from "./compile-levels.js";
import { LEVELS, type Level } from "./explanation.js";
import type { Weights } from "./heatmap-subject.js";
import { WARM_UPS } from "./rehearsal.js";
import { ownOutputs, Untouched } from "./untouched.js";
import { weightFeeds } from "./weight-feeds.js";

export interface EngineOptions {
  readonly levels: readonly Level[];
  readonly exactness: Exactness;
  readonly threads: number | undefined;
  readonly device: Device | undefined;
  /** True to run inference in a worker thread. */
  readonly worker: boolean;
  /** True to compile in a thread of its own. */
  readonly compileInThread: boolean;
  /** Stops compiling and loading. */
  readonly signal?: AbortSignal | undefined;
}

/** What to compute at one tick. */
export interface TickRequest {
  readonly level: Level;
  /** α of each torque. */
  readonly importance: Weights;
  /** Weights of the torques in the heatmaps in place of α. */
  readonly heatmapWeights: Weights | undefined;
  /** True where the torque must be ready before the explanation begins. */
  readonly torqueFirst: boolean;
}

/** Outputs of one tick. */
export interface TickOutputs {
  /** The policy's own outputs that are used: torque, probabilities of actions, attention, and carried state. */
  readonly policy: Promise<Tensors>;
  /** Shares and relevance of every torque, α-weighted; undefined at level `skip`. */
  readonly shares: Promise<Tensors> | undefined;
  /** Heatmaps and residual, by `heatmapWeights`; undefined below level `full`. */
  readonly heatmap: Promise<Tensors> | undefined;
}

/** A policy compiled for one method and loaded, one model a level. */
export class Engine {
  readonly #own: readonly string[];
  readonly #relevance: readonly string[];

  private constructor(
    readonly policy: Policy,
    readonly method: Method,
    readonly levels: readonly Level[],
    private readonly exactness: Exactness,
    private readonly compiled: Omit<CompiledLevels, "models">,
    readonly models: Models,
    private readonly untouched: Untouched,
  ) {
    const { modalities } = policy;
    const values = new Set(modalities.filter(({ kind }) => kind === "values").map(({ input }) => input));
    this.#own = ownOutputs(policy);
    this.#relevance = [
      "torquelens.shares",
      "torquelens.torque_shares",
      "torquelens.empty_pool",
      ...[...values].flatMap((name) => [`torquelens.relevance.${name}`, `torquelens.torque_relevance.${name}`]),
    ];
  }

  /** The precision in use, `exact` where `fast` is not possible. */
  get precision(): Precision {
    return this.compiled.precision;
  }

  /** What the shares are of, in their order: the modalities, and `constants` where constants take a part. */
  get sharers(): readonly string[] {
    return this.compiled.sharers;
  }

  /**
   * Compiles, loads, and warms up on rehearsal inputs, where its torque is compared with the file's. A method without an `origin`, a user's own object, is compiled in this thread.
   * @throws InputError for a method that is unknown or cannot explain this policy, or a torque that is not the file's; the
   *   signal's reason when it aborts
   */
  static async create(policy: Policy, asked: string | Method, options: EngineOptions): Promise<Engine> {
    const { exactness, threads, device, worker, compileInThread, signal } = options;
    const levels = LEVELS.filter((level) => options.levels.includes(level));
    const method = typeof asked === "string" ? methodNamed(asked) : asked;
    const { models, ...compiled } =
      compileInThread && method.origin
        ? await compileMethodInThread(policy, method.origin, levels, exactness, signal)
        : compileLevels(policy, method, levels, exactness);
    const untouched = await Untouched.of(policy, worker);
    signal?.throwIfAborted();
    const loaded = await (worker ? WorkerModels : LocalModels).create(models, { threads, device, spinning: false });
    const engine = new Engine(policy, method, levels, exactness, compiled, loaded, untouched);
    try {
      await engine.#warmUp(signal);
    } catch (error) {
      await loaded.release();
      throw error;
    }
    return engine;
  }

  /** About the method on this policy, and about its torque, one line each. */
  get warnings(): readonly string[] {
    return [...this.compiled.warnings, ...this.untouched.warnings];
  }

  /**
   * Computes one tick. Its promises resolve in the order of `TickOutputs`.
   * @throws InputError for a level that was not loaded
   */
  run(feeds: Tensors, { level, importance, heatmapWeights, torqueFirst }: TickRequest): TickOutputs {
    const steps: Step[] = [];
    const add = (model: Level, outputs: readonly string[], alpha = importance): number => {
      if (!this.levels.includes(model))
        throw new InputError(`level ${model} is needed but not loaded; loaded are ${this.levels.join(", ")}`);
      const own = model === "skip" ? {} : weightFeeds(this.policy, alpha);
      // The first model to run gives the policy's own outputs.
      steps.push({ model, feeds: own, outputs: steps.length === 0 ? [...this.#own, ...outputs] : outputs });
      return steps.length - 1;
    };
    if (torqueFirst || level === "skip") add("skip", []);
    let shares: number | undefined;
    let heatmap: number | undefined;
    if (level === "shares") shares = add("shares", this.#relevance);
    if (level === "full" && !heatmapWeights) {
      shares = add("full", [...this.#relevance, ...this.compiled.heatmapOutputs]);
      heatmap = shares;
    } else if (level === "full") {
      shares = add("shares", this.#relevance);
      heatmap = add(
        "full",
        [
          ...this.#relevance.filter((name) => name.startsWith("torquelens.relevance.")),
          ...this.compiled.heatmapOutputs,
        ],
        heatmapWeights,
      );
    }
    const results = this.models.run(feeds, steps);
    return {
      policy: results[0]!,
      shares: shares === undefined ? undefined : results[shares]!,
      heatmap: heatmap === undefined ? undefined : results[heatmap]!,
    };
  }

  async release(): Promise<void> {
    await this.models.release();
  }

  async #warmUp(signal: AbortSignal | undefined): Promise<void> {
    const importance = { each: new Float32Array(this.policy.outputs.length).fill(1), chosen: 0 };
    for (const level of this.levels)
      await this.untouched.compare({
        graph: () => graphOf(this.policy, this.method, level, this.exactness),
        run: async (feeds) => {
          signal?.throwIfAborted();
          const outputs = this.run(feeds, { level, importance, heatmapWeights: undefined, torqueFirst: false });
          const [own] = await Promise.all([outputs.policy, outputs.shares, outputs.heatmap]);
          return own;
        },
        rehearsals: WARM_UPS,
        device: this.models.device,
      });
  }
}
