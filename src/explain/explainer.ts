import { InputError } from "../errors.js";
import { CHOSEN, chosenOf } from "../outputs/choice.js";
import { wordsOf } from "../outputs/kinds.js";
import { conventionOf, idleThreshold } from "../policy/modalities.js";
import { namesOf, type Output } from "../policy/outputs.js";
import type { Policy } from "../policy/policy.js";
import type { Method } from "../relevance/contract/method.js";
import type { Precision } from "../relevance/precision/precision.js";
import type { Device, DeviceInUse } from "../runtime/device.js";
import type { Tensors } from "../runtime/models.js";
import {
  featurePointsOf,
  heatmapsOf,
  instructionOf,
  maskOf,
  relevanceOf,
  sharesOf,
  torqueOf,
  torqueRelevanceOf,
} from "./assemble.js";
import { attentionIn } from "./attention.js";
import { Engine, type EngineOptions } from "./engine.js";
import type { Convention, Explanation, ExplanationFlag, Level } from "./explanation.js";
import { feedsOf } from "./feeds.js";
import {
  checkContrast,
  checkedSubject,
  type HeatmapSubject,
  isOfAll,
  levelsFor,
  methodFor,
  ofAction,
  type Weights,
  weightsOf,
} from "./heatmap-subject.js";
import { Memory } from "./memory.js";
import { named } from "./named-error.js";
import type { Observation } from "./observation.js";
import type { AnyExplainer, ExplainOptions } from "./pipeline.js";
import { checkProbabilities, probabilitiesOf } from "./probabilities.js";
import { weightsIn } from "./weight-feeds.js";

export interface ExplainerOptions extends HeatmapSubject {
  /**
   * A method, or its name and options (`lrp-gamma:gamma=0.5`); default `dtd`, for a contrast
   * `lrp-gamma:soft-argmax=gradient`.
   */
  readonly method?: string | Method;
  /** Levels to load, one model each, default those that a tick needs. `explain` can choose among them at every tick. */
  readonly levels?: readonly Level[];
  /** `exact` (default), or `fast`: within 1 % of a heatmap's largest element, in a fifth to a third less time. */
  readonly precision?: Precision;
  /**
   * The part of an image's relevance that need not be followed to its pixels, at most, from 0 (all is computed) to 0.5. By
   * default 0.0005, where leaving out the rest makes a large network faster.
   */
  readonly omit?: number;
  /** Threads of inference, default 2. */
  readonly threads?: number;
  /** Device for inference, default `cpu`. */
  readonly device?: Device;
  /** True (default) to run inference in a worker thread, which leaves the caller's event loop free. */
  readonly worker?: boolean;
  /**
   * True to compile in a thread of its own too, default false: the event loop stays free, but the thread takes time to
   * start. `setMethod` always does so where inference has a thread.
   */
  readonly compileInThread?: boolean;
  /** Part of the control period that an explanation may take, default 0.8. Longer is a missed deadline. */
  readonly budget?: number;
  /** Stops compiling and loading, in `create` and in `setMethod`. */
  readonly signal?: AbortSignal;
}

/**
 * Options of one tick. `heatmapOf` or `contrast` choose what heatmaps and relevance explain, by default as the explainer
 * was made for; shares stay α-weighted. Both need the levels `full` and `shares`, and have no effect below level `full`.
 */
export interface TickOptions extends ExplainOptions, HeatmapSubject {
  /** How much to compute; default the deepest level that is loaded. `skip` gives the torque alone. */
  readonly level?: Level;
}

/** Conservation residual above which a tick is flagged `not_conserving`; `fast` loses relevance by rounding to eight bits. */
const CONSERVED: Readonly<Record<Precision, number>> = { exact: 1e-3, fast: 3e-2 };

/** Runs a policy with its relevance compiled in. */
export class Explainer implements AnyExplainer {
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
    private readonly subject: HeatmapSubject,
    budget: number,
  ) {
    this.#convention = conventionOf(policy.card, policy.modalities);
    this.#idleThreshold = idleThreshold(policy.card);
    this.#memory = new Memory(policy);
    this.deadlineMs = 1000 * policy.card.control_period * budget;
  }

  /**
   * Compiles, loads and warms up, so that the first explanation is as fast as later ones.
   * @throws InputError for a method that is unknown or cannot explain this policy, or a joint that it does not command
   */
  static async create(policy: Policy, options: ExplainerOptions = {}): Promise<Explainer> {
    const { precision, omit, threads, device, signal } = options;
    const { worker = true, compileInThread = false, budget = 0.8 } = options;
    const subject = checkedSubject(options, policy.outputs);
    const method = methodFor(policy, subject, options.method);
    const { levels = levelsFor(subject) } = options;
    const exactness = { ...(precision && { precision }), ...(omit !== undefined && { omit }) };
    const own = { levels, exactness, threads, device, worker, signal };
    const engine = await Engine.create(policy, method, { ...own, compileInThread });
    return new Explainer(policy, engine, { ...own, compileInThread: worker }, subject, budget);
  }

  get method(): Method {
    return this.engine.method;
  }

  /** Levels that are loaded, the deepest first. */
  get levels(): readonly Level[] {
    return this.engine.levels;
  }

  /** The precision in use, `exact` where `fast` is not possible. */
  get precision(): Precision {
    return this.engine.precision;
  }

  /** Warnings about the method on this policy, one line each. */
  get warnings(): readonly string[] {
    return this.engine.warnings;
  }

  /** The device in use. */
  get device(): DeviceInUse {
    return this.engine.models.device;
  }

  /** Why another device is in use than was asked for, one line; undefined where it is the same. */
  get fallback(): string | undefined {
    return this.engine.models.fallback;
  }

  /**
   * Changes the method between two ticks; the policy keeps its memory. The old method explains until the new one is
   * compiled, loaded and warmed up, and stays if that fails. Changes wait for each other.
   * @throws InputError for a method that is unknown, cannot explain this policy, or cannot contrast where this explainer
   *   does
   */
  setMethod(asked: string | Method): Promise<void> {
    const changed = this.#changing.then(async () => {
      if (this.#closed) throw closed();
      const engine = await Engine.create(this.policy, methodFor(this.policy, this.subject, asked), this.options);
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
   * With `onTorque` the policy alone runs first (level `skip` must be loaded), and its torque is passed on before the
   * explanation starts; the explanation holds the same torque.
   * @throws InputError for an observation that does not fit the policy, a torque that is not a number, or a level that is
   *   not loaded; any error that `onTorque` throws
   */
  async explain(observation: Observation, options: TickOptions = {}): Promise<Explanation> {
    const start = performance.now();
    const engine = this.engine;
    const { outputs: meanings } = this.policy;
    const { level = engine.levels[0]!, onTorque } = options;
    const asked = checkedSubject(isOfAll(options) ? this.subject : options, meanings);
    const subject: HeatmapSubject = level === "full" ? asked : {};
    checkContrast(this.policy, subject, engine.method);
    const alpha = ofAction(asked, meanings) ?? importanceOf(observation, meanings);
    const weights = weightsOf(subject, alpha, meanings);
    const feeds = this.#memory.add(observation, (window) => feedsOf(this.policy, observation, window));
    const outputs = engine.run(feeds, {
      level,
      importance: alpha,
      heatmapWeights: weights === alpha ? undefined : weights,
      torqueFirst: onTorque !== undefined,
    });
    const where = `${this.policy.path}: tick ${observation.tick}`;
    const run = (outputs: Promise<Tensors> | undefined) => outputs?.catch(named(where));
    const own = (await run(outputs.policy))!;
    const torque = torqueOf(this.policy, own);
    this.#check(torque, observation);
    checkProbabilities(this.policy, own, `tick ${observation.tick}`);
    this.#memory.keep(own);
    onTorque?.(torque);
    const shares = await run(outputs.shares);
    const heatmap = await run(outputs.heatmap);
    const latencyMs = performance.now() - start;

    const taken = chosenOf(torque);
    const importance = alpha.each.map((each, j) => (j === taken ? each + alpha.chosen : each));
    const probabilities = probabilitiesOf(this.policy, own);
    const choice = probabilities && { chosen: meanings[taken]!.name, probabilities };
    const nameOf = (name: string | undefined) => (choice && name === CHOSEN ? choice.chosen : name);
    const residual = heatmap ? (heatmap["torquelens.residual"]!.data as Float32Array)[0]! : Number.NaN;
    const flags: ExplanationFlag[] = [...observation.flags];
    const weightedTorque = torque.reduce((sum, tau, j) => sum + importance[j]! * Math.abs(tau), 0);
    if (weightedTorque < this.#idleThreshold) flags.push("idle");
    if (shares && hasEmptyPool(shares)) flags.push("empty_pool");
    if (engine.method.conserves && residual > CONSERVED[engine.precision]) flags.push("not_conserving");
    if ([...Object.values(shares ?? {}), ...Object.values(heatmap ?? {})].some(isNotFinite)) flags.push("not_finite");
    if (latencyMs > this.deadlineMs) flags.push("deadline_missed");
    const relevance = relevanceOf(this.policy, heatmap ?? shares);
    const instruction = instructionOf(this.policy, observation, relevance);
    if (instruction && instruction.unknown.length > 0) flags.push("unknown_words");
    return {
      observation,
      method: engine.method.spec,
      convention: this.#convention,
      policySha256: this.policy.sha256,
      level,
      heatmapOf: (choice ? asked : subject).heatmapOf,
      contrast: nameOf(subject.contrast),
      against: nameOf(subject.against),
      joints: namesOf(meanings),
      outputs: meanings,
      torque,
      importance,
      choice,
      mask: maskOf(this.policy, own),
      instruction,
      ...sharesOf(this.policy, engine.sharers, shares),
      relevance,
      torqueRelevance: torqueRelevanceOf(this.policy, shares),
      heatmaps: heatmapsOf(this.policy, heatmap, engine.method.regions ? feeds : undefined),
      attention: attentionIn(this.policy, own),
      featurePoints: featurePointsOf(this.policy, heatmap),
      conservationResidual: residual,
      omitted: heatmap ? ((heatmap["torquelens.omitted"]?.data as Float32Array | undefined)?.[0] ?? 0) : Number.NaN,
      latencyMs,
      flags,
    };
  }

  /** Waits for the explanations in progress, then frees the models and their thread. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.engine.release();
    await this.#changing;
  }

  #check(torque: Float32Array, { tick }: Observation): void {
    const wrong = torque.findIndex((tau) => !Number.isFinite(tau));
    if (wrong < 0) return;
    const { path, outputs } = this.policy;
    const { noun } = wordsOf([outputs[wrong]!]);
    throw new InputError(
      `${path}: tick ${tick}: the ${noun} of ${outputs[wrong]!.name} is ${torque[wrong]}, expected a number`,
    );
  }
}

const closed = (): Error => new Error("the explainer was closed");

/** True where some number of a tensor of floats is NaN or infinite. */
function isNotFinite({ data }: Tensors[string]): boolean {
  if (!(data instanceof Float32Array)) return false;
  // A sum shows a NaN or an infinity wherever it is, and takes a tenth of the time of looking at each number.
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]! * 0;
  return sum !== 0;
}

const hasEmptyPool = (outputs: Tensors): boolean =>
  (outputs["torquelens.empty_pool"]!.data as Float32Array).some((x) => x > 0);

/** @throws InputError for an α that is no weight, or not one an output */
function importanceOf({ importance }: Observation, outputs: readonly Output[]): Weights {
  const joints = namesOf(outputs);
  if (importance.length > 0 && importance.length !== joints.length)
    throw new InputError(`importance: expected ${joints.length} (${joints.join(", ")}), found ${importance.length}`);
  const wrong = importance.findIndex((alpha) => !(alpha >= 0 && Number.isFinite(Math.fround(alpha))));
  if (wrong >= 0)
    throw new InputError(`importance: ${joints[wrong]} has ${importance[wrong]}, expected a 32-bit float, 0 or more`);
  return weightsIn(importance, outputs);
}
