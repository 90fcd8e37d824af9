import { InputError } from "../errors.js";
import { conventionOf, idleThreshold, type ValueModality } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";
import { compile, type Precision } from "../relevance/compile.js";
import type { Method } from "../relevance/method.js";
import { startsOf } from "../relevance/subject.js";
import type { Device, DeviceInUse } from "../runtime/device.js";
import { Session, type TensorData } from "../runtime/session.js";
import { WorkerSession } from "../runtime/worker-session.js";
import type { Convention, Explanation, ExplanationFlag, Heatmap, Level, Ratios } from "./explanation.js";
import { feedsOf } from "./feeds.js";
import { Memory } from "./memory.js";
import type { Image, Observation } from "./observation.js";
import type { Explaining } from "./pipeline.js";
import { subjectOf } from "./subject.js";

export interface ExplainerOptions {
  /** A method, or its name and options (`lrp-gamma:gamma=0.5`); default `dtd`. */
  readonly method?: string | Method;
  /** `full` with heatmaps (default), or `shares` without. */
  readonly level?: Exclude<Level, "skip">;
  /** `exact` (default), or `fast`: within 1 % of a heatmap's largest element, in a fifth to a third less time. */
  readonly precision?: Precision;
  /** Threads of inference, default 2. */
  readonly threads?: number;
  /** What to compute on, default `cpu`. */
  readonly device?: Device;
  /** Whether inference runs in a worker thread (default), leaving the caller's event loop free. */
  readonly worker?: boolean;
  /** Part of the control period that an explanation may take, default 0.8. Later is a missed deadline. */
  readonly budget?: number;
}

interface Runner {
  readonly device: DeviceInUse;
  readonly fallback: string | undefined;
  run(feeds: Record<string, TensorData>): Promise<Record<string, TensorData>>;
  release(): Promise<void>;
}

/** Conservation residual above which a tick is flagged: what rounding to eight bits loses is no error of a rule. */
const CONSERVED: Readonly<Record<Precision, number>> = { exact: 1e-3, fast: 3e-2 };
/** Blank explanations before the first real one. */
const WARM_UPS = 3;

/** Runs a policy with its relevance compiled in, one onnxruntime run an observation. */
export class Explainer implements Explaining {
  readonly #convention: Convention;
  readonly #idleThreshold: number;
  readonly #memory: Memory;
  /** An explanation that takes longer is flagged `deadline_missed`, milliseconds. */
  readonly deadlineMs: number;

  private constructor(
    readonly policy: Policy,
    readonly method: Method,
    readonly level: Level,
    readonly precision: Precision,
    /** What a user may want to know of how the method met the policy, a line each. */
    readonly warnings: readonly string[],
    private readonly runner: Runner,
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
    const { level = "full", threads, device, worker = true, budget = 0.8 } = options;
    const { bytes, method, precision, warnings } = compile(subjectOf(policy), {
      method: options.method,
      precision: options.precision,
      depth: level === "full" ? "heatmap" : level,
    });
    const runner = await (worker ? WorkerSession : Session).create(bytes, { threads, device, spinning: false });
    const explainer = new Explainer(policy, method, level, precision, warnings, runner, budget);
    try {
      for (let i = 0; i < WARM_UPS; i++) await explainer.#explain(blankObservation(policy));
      explainer.#memory.forget();
    } catch (error) {
      await runner.release();
      throw error;
    }
    return explainer;
  }

  /** What it computes on. */
  get device(): DeviceInUse {
    return this.runner.device;
  }

  /** Why the device asked for is not the one in use, one line; undefined where it is. */
  get fallback(): string | undefined {
    return this.runner.fallback;
  }

  /** @throws InputError for an observation that does not fit the policy, or a torque that is not a number */
  async explain(observation: Observation): Promise<Explanation> {
    const explanation = await this.#explain(observation);
    const { torque, joints } = explanation;
    const wrong = torque.findIndex((tau) => !Number.isFinite(tau));
    if (wrong < 0) return explanation;
    const where = `${this.policy.path}: tick ${observation.tick}`;
    throw new InputError(`${where}: the torque of ${joints[wrong]} is ${torque[wrong]}, expected a number`);
  }

  /** Waits for the explanations under way, then frees the session and its thread. Safe to call twice. */
  async close(): Promise<void> {
    await this.runner.release();
  }

  async #explain(observation: Observation): Promise<Explanation> {
    const start = performance.now();
    const { card } = this.policy;
    const importance = importanceOf(observation, card.joints);
    const outputs = await this.runner.run({
      ...feedsOf(this.policy, observation, this.#memory.see(observation)),
      "torquelens.importance": { dtype: "float32", shape: [card.joints.length], data: importance },
    });
    this.#memory.keep(outputs);
    const array = (name: string) => outputs[name]!.data as Float32Array;
    const { output, step = 0 } = card.torque;
    const torque = array(output).slice(step * card.joints.length, (step + 1) * card.joints.length);
    const shares = array("torquelens.shares");
    const residual = this.level === "full" ? array("torquelens.residual")[0]! : Number.NaN;
    const latencyMs = performance.now() - start;

    const flags: ExplanationFlag[] = [...observation.flags];
    const commanded = torque.reduce((sum, tau, j) => sum + importance[j]! * Math.abs(tau), 0);
    if (commanded < this.#idleThreshold) flags.push("idle");
    if (array("torquelens.empty_pool").some((x) => x > 0)) flags.push("empty_pool");
    if (this.method.conserves && residual > CONSERVED[this.precision]) flags.push("not_conserving");
    if (latencyMs > this.deadlineMs) flags.push("deadline_missed");
    return {
      observation,
      method: this.method.spec,
      convention: this.#convention,
      policySha256: this.policy.sha256,
      level: this.level,
      joints: card.joints,
      torque,
      importance,
      modalities: this.policy.modalities.map(({ name }) => name),
      shares,
      torqueShares: array("torquelens.torque_shares"),
      ...this.#elements(outputs),
      heatmaps: this.#heatmaps(outputs),
      ratios: this.#ratios(shares),
      conservationResidual: residual,
      latencyMs,
      flags,
    };
  }

  #elements(outputs: Record<string, TensorData>): Pick<Explanation, "relevance" | "torqueRelevance"> {
    const relevance: Record<string, Float32Array> = {};
    const torqueRelevance: Record<string, Float32Array> = {};
    for (const modality of this.policy.modalities) {
      if (modality.kind !== "values") continue;
      const { name, input } = modality;
      relevance[name] = overTime(outputs[`torquelens.relevance.${input}`]!.data as Float32Array, modality);
      const { data, shape } = outputs[`torquelens.torque_relevance.${input}`]!;
      const [torques, width] = shape as readonly [number, number];
      const rows = Array.from({ length: torques }, (_, j) =>
        Array.from(overTime((data as Float32Array).subarray(j * width, (j + 1) * width), modality)),
      );
      torqueRelevance[name] = Float32Array.from(rows.flat());
    }
    return { relevance, torqueRelevance };
  }

  #heatmaps(outputs: Record<string, TensorData>): Record<string, Heatmap> {
    const heatmaps: Record<string, Heatmap> = {};
    if (this.level !== "full") return heatmaps;
    for (const modality of this.policy.modalities)
      if (modality.kind === "image") {
        const { data, shape } = outputs[`torquelens.heatmap.${modality.input}`]!;
        heatmaps[modality.name] = { height: shape[0]!, width: shape[1]!, data: data as Float32Array };
      }
    return heatmaps;
  }

  #ratios(shares: Float32Array): Ratios {
    const ratios = { image: 0, position: 0, velocity: 0 };
    this.policy.modalities.forEach((modality, m) => {
      const kind = modality.kind === "image" ? "image" : modality.quantity.split("_").at(-1)!;
      if (kind in ratios) ratios[kind as keyof typeof ratios] += shares[m]!;
    });
    return { ...ratios, configuration: ratios.position + ratios.velocity };
  }
}

/** Relevance of a modality's elements, summed over the times of a window. */
function overTime(all: Float32Array, modality: ValueModality): Float32Array {
  const { size } = modality;
  const sums = new Float32Array(size);
  for (const start of startsOf(modality)) for (let i = 0; i < size; i++) sums[i]! += all[start + i]!;
  return sums;
}

function importanceOf({ importance }: Observation, joints: readonly string[]): Float32Array {
  if (importance.length !== joints.length)
    throw new InputError(`importance: expected ${joints.length} (${joints.join(", ")}), found ${importance.length}`);
  const wrong = importance.findIndex((alpha) => !(alpha >= 0 && Number.isFinite(alpha)));
  if (wrong >= 0)
    throw new InputError(`importance: ${joints[wrong]} has ${importance[wrong]}, expected a number, 0 or more`);
  return Float32Array.from(importance);
}

/** Zeros for every input: only to load, allocate and warm the runtime and the code around it. */
function blankObservation({ card, modalities }: Policy): Observation {
  const images: Record<string, Image> = {};
  const values: Record<string, Float64Array> = {};
  for (const modality of modalities) {
    if (modality.kind === "values") values[modality.name] = new Float64Array(modality.size);
    else {
      const { name, width, height, encoding, size } = modality;
      images[name] = { width, height, encoding, data: new Uint8Array(size), frameId: "" };
    }
  }
  return {
    tick: 0,
    stamp: 0n,
    images,
    values,
    joints: { names: [], position: new Float64Array(0), velocity: new Float64Array(0) },
    importance: new Float64Array(card.joints.length).fill(1),
    flags: [],
    transforms: [],
  };
}
