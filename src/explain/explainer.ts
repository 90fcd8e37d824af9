import { InputError } from "../errors.js";
import { conventionOf, idleThreshold } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";
import type { Method } from "../relevance/contract/method.js";
import type { Precision } from "../relevance/precision/precision.js";
import type { Device, DeviceInUse } from "../runtime/device.js";
import type { Tensors } from "../runtime/models.js";
import { featurePointsOf, heatmapsOf, relevanceOf, sharesOf, torqueOf, torqueRelevanceOf } from "./assemble.js";
import { Engine, type EngineOptions } from "./engine.js";
import type { Convention, Explanation, ExplanationFlag, Level } from "./explanation.js";
import { feedsOf } from "./feeds.js";
import { Memory } from "./memory.js";
import type { Observation } from "./observation.js";
import type { Explaining, ExplainOptions } from "./pipeline.js";

export interface ExplainerOptions {
  /** A method, or its name and options (`lrp-gamma:gamma=0.5`); default `dtd`. */
  readonly method?: string | Method;
  /** What is loaded, a model each, default `full` alone. `explain` may choose among them tick by tick. */
  readonly levels?: readonly Level[];
  /** `exact` (default), or `fast`: within 1 % of a heatmap's largest element, in a fifth to a third less time. */
  readonly precision?: Precision;
  /** Threads of inference, default 2. */
  readonly threads?: number;
  /** What to compute on, default `cpu`. */
  readonly device?: Device;
  /** Whether inference runs in a worker thread (default), leaving the caller's event loop free. */
  readonly worker?: boolean;
  /**
   * Whether `create` compiles in a thread of its own too, default false: the event loop stays free, but that thread takes
   * its time to begin. A change of method does so wherever inference has a thread.
   */
  readonly aside?: boolean;
  /** Part of the control period that an explanation may take, default 0.8. Later is a missed deadline. */
  readonly budget?: number;
  /** Ends compiling and loading, at the start and at every change of method. */
  readonly signal?: AbortSignal;
}

/** What one tick is asked. */
export interface TickOptions extends ExplainOptions {
  /** How much to compute, default the first of full, shares and skip that is loaded. `skip` gives the torque alone. */
  readonly level?: Level;
  /**
   * Explain this joint's torque alone by `heatmaps` and `relevance`, in place of the α-weighted sum; shares stay
   * α-weighted. Needs the levels `full` and `shares`; below level `full` it has no effect.
   */
  readonly heatmapOf?: string | undefined;
}

/** Conservation residual above which a tick is flagged: what rounding to eight bits loses is no error of a rule. */
const CONSERVED: Readonly<Record<Precision, number>> = { exact: 1e-3, fast: 3e-2 };

/** Runs a policy with its relevance compiled in. */
export class Explainer implements Explaining {
  readonly #convention: Convention;
  readonly #idleThreshold: number;
  readonly #memory: Memory;
  #changing: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** An explanation that takes longer is flagged `deadline_missed`, milliseconds. */
  readonly deadlineMs: number;

  private constructor(
    readonly policy: Policy,
    private engine: Engine,
    private readonly options: EngineOptions,
    budget: number,
  ) {
    this.#convention = conventionOf(policy.card, policy.modalities);
    this.#idleThreshold = idleThreshold(policy.card);
    this.#memory = new Memory(policy);
    this.deadlineMs = 1000 * policy.card.control_period * budget;
  }

  /**
   * Compiles, loads and warms up: the first explanation is as fast as the hundredth.
   * @throws InputError for a method that is unknown or cannot explain this policy
   */
  static async create(policy: Policy, options: ExplainerOptions = {}): Promise<Explainer> {
    const { method = "dtd", levels = ["full"], precision, threads, device, signal } = options;
    const { worker = true, aside = false, budget = 0.8 } = options;
    const own = { levels, precision, threads, device, worker, signal };
    const engine = await Engine.create(policy, method, { ...own, aside });
    return new Explainer(policy, engine, { ...own, aside: worker }, budget);
  }

  get method(): Method {
    return this.engine.method;
  }

  /** What is loaded, the deepest first. */
  get levels(): readonly Level[] {
    return this.engine.levels;
  }

  /** What came of the precision asked for. */
  get precision(): Precision {
    return this.engine.precision;
  }

  /** What a user may want to know of how the method met the policy, a line each. */
  get warnings(): readonly string[] {
    return this.engine.warnings;
  }

  /** What it computes on. */
  get device(): DeviceInUse {
    return this.engine.models.device;
  }

  /** Why the device asked for is not the one in use, one line; undefined where it is. */
  get fallback(): string | undefined {
    return this.engine.models.fallback;
  }

  /**
   * Changes the method between two ticks; the policy's memory goes on. While the new one is compiled, loaded and warmed
   * up the old one explains, and it stays where that fails. One change waits for another.
   * @throws InputError for a method that is unknown or cannot explain this policy
   */
  setMethod(method: string | Method): Promise<void> {
    const changed = this.#changing.then(async () => {
      if (this.#closed) throw closed();
      const engine = await Engine.create(this.policy, method, this.options);
      if (this.#closed) {
        await engine.release();
        throw closed();
      }
      const old = this.engine;
      this.engine = engine;
      await old.release();
    });
    this.#changing = changed.catch(() => {});
    return changed;
  }

  /**
   * With `onTorque` the policy alone runs first (level `skip` must be loaded): the torque is handed out before the
   * explanation is begun, and is the one that the explanation names.
   * @throws InputError for an observation that does not fit the policy, a torque that is not a number, or what needs a
   *   level that is not loaded; what `onTorque` throws
   */
  async explain(observation: Observation, options: TickOptions = {}): Promise<Explanation> {
    const start = performance.now();
    const engine = this.engine;
    const { card } = this.policy;
    const { level = engine.levels[0]!, onTorque } = options;
    const heatmapOf = level === "full" ? options.heatmapOf : undefined;
    const importance = importanceOf(observation, card.joints);
    const torqueIndex = heatmapOf === undefined ? undefined : jointIndex(heatmapOf, card.joints);
    const feeds = this.#memory.see(observation, (seen) => feedsOf(this.policy, observation, seen));
    const answers = engine.ask(feeds, {
      level,
      importance,
      torque: torqueIndex,
      torqueFirst: onTorque !== undefined,
    });
    const own = await answers.policy;
    const torque = torqueOf(this.policy, own);
    this.#check(torque, observation);
    this.#memory.keep(own);
    onTorque?.(torque);
    const shares = await answers.shares;
    const heatmap = await answers.heatmap;
    const latencyMs = performance.now() - start;

    const residual = heatmap ? (heatmap["torquelens.residual"]!.data as Float32Array)[0]! : Number.NaN;
    const flags: ExplanationFlag[] = [...observation.flags];
    const commanded = torque.reduce((sum, tau, j) => sum + importance[j]! * Math.abs(tau), 0);
    if (commanded < this.#idleThreshold) flags.push("idle");
    if (shares && hasEmptyPool(shares)) flags.push("empty_pool");
    if (engine.method.conserves && residual > CONSERVED[engine.precision]) flags.push("not_conserving");
    if (latencyMs > this.deadlineMs) flags.push("deadline_missed");
    return {
      observation,
      method: engine.method.spec,
      convention: this.#convention,
      policySha256: this.policy.sha256,
      level,
      heatmapOf,
      joints: card.joints,
      torque,
      importance,
      modalities: this.policy.modalities.map(({ name }) => name),
      ...sharesOf(this.policy, shares),
      relevance: relevanceOf(this.policy, heatmap ?? shares),
      torqueRelevance: torqueRelevanceOf(this.policy, shares),
      heatmaps: heatmapsOf(this.policy, heatmap),
      featurePoints: featurePointsOf(this.policy, heatmap),
      conservationResidual: residual,
      latencyMs,
      flags,
    };
  }

  /** Waits for the explanations under way, then frees the models and their thread. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.engine.release();
    await this.#changing;
  }

  #check(torque: Float32Array, { tick }: Observation): void {
    const wrong = torque.findIndex((tau) => !Number.isFinite(tau));
    if (wrong < 0) return;
    const { path, card } = this.policy;
    throw new InputError(
      `${path}: tick ${tick}: the torque of ${card.joints[wrong]} is ${torque[wrong]}, expected a number`,
    );
  }
}

const closed = (): Error => new Error("the explainer was closed");

const hasEmptyPool = (outputs: Tensors): boolean =>
  (outputs["torquelens.empty_pool"]!.data as Float32Array).some((x) => x > 0);

/** @throws InputError for a joint that the policy does not command */
export function jointIndex(joint: string, joints: readonly string[]): number {
  const index = joints.indexOf(joint);
  if (index < 0) throw new InputError(`heatmap of joint ${joint}: expected one of ${joints.join(", ")}`);
  return index;
}

function importanceOf({ importance }: Observation, joints: readonly string[]): Float32Array {
  if (importance.length !== joints.length)
    throw new InputError(`importance: expected ${joints.length} (${joints.join(", ")}), found ${importance.length}`);
  const wrong = importance.findIndex((alpha) => !(alpha >= 0 && Number.isFinite(alpha)));
  if (wrong >= 0)
    throw new InputError(`importance: ${joints[wrong]} has ${importance[wrong]}, expected a number, 0 or more`);
  return Float32Array.from(importance);
}
