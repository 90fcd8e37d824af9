import { UnstableError } from "../arm/data.js";
import { InputError } from "../errors.js";
import type { Observation, ObservationFlag, SimulationState } from "../explain/observation.js";
import type { Source } from "../explain/pipeline.js";
import { LIMITS } from "../limits.js";
import type { ImageAblation } from "./ablation.js";
import { Disturbance } from "./disturbance.js";
import { Pace } from "./pace.js";
import { type Perturbation, parseLive } from "./perturbations.js";
import { opticsOf } from "./render/view.js";
import { RunGate } from "./run-gate.js";
import type { Simulated } from "./simulated.js";
import { type EpisodeOutcome, type SimulationSummary, Tally } from "./tally.js";

export interface SimulationOptions {
  /** An arm at its task, or a world. */
  readonly task: Simulated;
  /** Default 0. */
  readonly seed?: number;
  /** Number of episodes. Without `episodes` and `ticks` the simulation does not end. */
  readonly episodes?: number;
  /** Number of the first episode. Default 0. */
  readonly firstEpisode?: number;
  /** Number of control steps. */
  readonly ticks?: number;
  /** 1 runs in real time (default), 2 twice as fast, 0 as fast as it can. */
  readonly speed?: number;
  /** The condition that every episode begins in. By default the conditions take turns. */
  readonly condition?: string;
  readonly ablation?: ImageAblation;
  /** What the policy is told in words, in place of what the world says. */
  readonly instruction?: string | undefined;
  readonly perturbations?: readonly Perturbation[];
  /** Seconds for which the task stays done before the next episode begins. By default episodes have their full length. */
  readonly rest?: number | undefined;
  /** Called at the end of each episode. */
  readonly ended?: ((outcome: EpisodeOutcome) => void) | undefined;
  /** Stamp of the first observation, nanoseconds. Default 0; live viewers want the wall clock's. */
  readonly startStamp?: bigint;
  /**
   * Called where a change by `perturb` made the simulation unstable; the next episode then begins. Without such a change
   * an unstable simulation is an error.
   */
  readonly unstable?: ((problem: string) => void) | undefined;
  /** Runs, pauses or steps the simulation; default one that runs. */
  readonly gate?: RunGate;
}

/** Where torques are not weighed against each other. */
const NO_IMPORTANCE = { importance: new Float64Array(0), flags: [] } as const;

/** Index of a task's condition. Throws InputError for an unknown one. */
function conditionOf({ name, conditions }: Simulated, condition: string): number {
  const index = conditions.indexOf(condition);
  if (index < 0)
    throw new InputError(`task ${name} has no condition "${condition}"; expected ${conditions.join(", ") || "none"}`);
  return index;
}

function checkSpeed(speed: number): void {
  const [least, most] = LIMITS.speed;
  if (speed === 0 || (speed >= least && speed <= most)) return;
  throw new InputError(`speed: ${speed}: expected 0, or ${least} to ${most}`);
}

/** Wall-clock time of a control step, milliseconds; 0: none. */
const periodOf = ({ controlPeriod }: Simulated, speed: number): number =>
  speed === 0 ? 0 : (1000 * controlPeriod) / speed;

/** A simulated task or world as a source of observations; it applies the torques or actions that `accept` receives. */
export class SimulatedSource implements Source {
  /** The task's name, and names of its conditions. */
  readonly task: string;
  readonly conditions: readonly string[];
  readonly gate: RunGate;
  readonly robotDescription: string | undefined;
  readonly #task: Simulated;
  readonly #options: SimulationOptions;
  readonly #seed: number;
  #condition: number | undefined;
  readonly #disturbance: Disturbance;
  readonly #pace: Pace;
  readonly #stop = new AbortController();
  #speed: number;
  /** Episode and control step of the next observation. */
  #next: { readonly episode: number; readonly tick: number };
  #restarts = false;
  #held: Uint8Array | undefined;
  #torque: Float64Array | undefined;
  #mask: ArrayLike<number> | undefined;
  #applied: Float64Array | undefined;
  #clipped = false;
  /** By which the clock of the stamps is ahead, nanoseconds. */
  #jumped = 0n;
  /** True in an episode that `perturb` changed. */
  #isDisturbed = false;
  readonly #tally: Tally;

  /** Owns the task: `close` frees it. Throws InputError for an invalid count, seed or speed, and for an unknown condition. */
  constructor(options: SimulationOptions) {
    const { task, seed = 0, speed = 1, perturbations = [] } = options;
    for (const name of ["episodes", "ticks"] as const) {
      const count = options[name];
      if (count !== undefined && !(Number.isInteger(count) && count > 0)) {
        throw new InputError(`${name}: ${count}: expected a whole number above 0`);
      }
    }
    checkSpeed(speed);
    if (!Number.isSafeInteger(seed)) throw new InputError(`seed: ${seed}: expected a whole number`);
    this.task = task.name;
    this.conditions = task.conditions;
    this.gate = options.gate ?? new RunGate();
    this.#speed = speed;
    this.robotDescription = task.robotDescription;
    this.#task = task;
    this.#options = options;
    this.#seed = seed;
    this.#condition = options.condition === undefined ? undefined : conditionOf(task, options.condition);
    this.#disturbance = new Disturbance(task, perturbations);
    this.#pace = new Pace(periodOf(task, speed));
    this.#tally = new Tally(task.controlPeriod);
    this.#next = { episode: this.#first, tick: 0 };
  }

  get #first(): number {
    return this.#options.firstEpisode ?? 0;
  }

  async *observations(): AsyncGenerator<Observation> {
    const {
      ticks = Number.POSITIVE_INFINITY,
      episodes = Number.POSITIVE_INFINITY,
      rest = Number.POSITIVE_INFINITY,
    } = this.#options;
    while (this.#tally.ticks < ticks && this.#next.episode < this.#first + episodes) {
      await this.#due();
      if (this.#stop.signal.aborted) return;
      const { episode, tick } = this.#next;
      const isLast = tick === this.#task.ticks - 1;
      if (tick === 0) this.#begin(episode);
      this.#disturbance.begin(tick, episode);
      this.#restarts = false;
      this.#next = isLast ? { episode: episode + 1, tick: 0 } : { episode, tick: tick + 1 };
      const observation = this.#unlessUnstable(() => this.#observe(episode, tick), episode);
      if (!observation) continue;
      yield observation;
      if (this.#stop.signal.aborted) return;
      if (!this.#unlessUnstable(() => this.#advance(), episode) || this.#restarts) continue;
      // A perturbation of the next tick keeps an episode going.
      if (
        !isLast &&
        !this.#task.isOver?.() &&
        !(this.#tally.hasRested(rest) && !this.#disturbance.isDue(tick + 1, episode))
      )
        continue;
      const outcome = this.#tally.finish(episode, {
        error: this.#task.error?.(),
        sumOfRewards: this.#task.sumOfRewards?.(),
      });
      this.#options.ended?.({
        ...outcome,
        condition: this.#task.startCondition?.() ?? "",
        ablation: this.#options.ablation,
        perturbations: [...this.#disturbance.made],
      });
      this.#next = { episode: episode + 1, tick: 0 };
    }
  }

  /** Restarts with the first episode at the next tick; time goes on. */
  restart(): void {
    this.#restarts = true;
    this.#next = { episode: this.#first, tick: 0 };
    this.#disturbance.forget();
  }

  /** Simulated seconds per second; 0: as fast as possible. */
  get speed(): number {
    return this.#speed;
  }

  /** @throws InputError for a speed outside of its range */
  set speed(speed: number) {
    checkSpeed(speed);
    this.#speed = speed;
    this.#pace.period = periodOf(this.#task, speed);
  }

  /** The condition that every episode begins in; undefined where they take turns. */
  get condition(): string | undefined {
    return this.#condition === undefined ? undefined : this.conditions[this.#condition];
  }

  /** Restarts in another condition. @throws InputError for an unknown one */
  set condition(condition: string | undefined) {
    this.#condition = condition === undefined ? undefined : conditionOf(this.#task, condition);
    this.restart();
  }

  /**
   * Applies a perturbation at the next tick. Returns it as a file would hold it: a run with the same task, seed and
   * condition that is given the returned ones since the last restart gives the same observations.
   * @param text an entry of a perturbation file without `tick` and `episode`, as YAML or JSON
   * @throws InputError that names the key where it does not fit the task
   */
  perturb(text: string): Perturbation {
    const entry = parseLive(text, this.#task, this.#next);
    this.#disturbance.add(entry);
    this.#isDisturbed = true;
    return entry;
  }

  /** Sets the torque of the next control step, or the values of the actions and where they act. */
  accept({
    torque,
    mask,
  }: {
    readonly torque: ArrayLike<number>;
    readonly mask?: { readonly data: ArrayLike<number> } | undefined;
  }): void {
    const { name, joints, actions = [] } = this.#task;
    const [noun, expected] = joints ? ["torques", joints] : ["values of actions", actions];
    if (torque.length !== expected.length) {
      throw new InputError(
        `the policy commands ${torque.length} ${noun}; task "${name}" expects ${expected.length} (${expected.join(", ")})`,
      );
    }
    this.#torque = Float64Array.from(torque);
    this.#mask = mask?.data;
  }

  summary(): SimulationSummary {
    return this.#tally.summary(this.#pace);
  }

  /** Ends the observations before the next tick and frees the task. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#task.delete();
  }

  /** Waits until the next tick may begin and is due. */
  async #due(): Promise<void> {
    const { signal } = this.#stop;
    const wasPaused = this.gate.isPaused;
    await this.gate.pass(signal);
    if (wasPaused) this.#pace.rest();
    if (!signal.aborted) await this.#pace.next(signal);
  }

  #begin(episode: number): void {
    this.#task.reset(this.#seed, episode, this.#condition);
    this.#disturbance.reset(this.#seed, episode);
    this.#applied = undefined;
    this.#clipped = false;
    this.#held = undefined;
    this.#tally.begin();
    this.#isDisturbed = this.#disturbance.isPending;
  }

  #observe(episode: number, tick: number): Observation {
    const task = this.#task;
    const { sensed, clockJump } = this.#disturbance.sensed(task.observe());
    const { image, values, position, velocity } = sensed;
    const instruction = this.#options.instruction ?? sensed.instruction;
    this.#jumped += BigInt(Math.round((clockJump ?? 0) * 1e9));
    const { importance, flags } = task.importance?.(this.#applied) ?? NO_IMPORTANCE;
    const allFlags: ObservationFlag[] = [...flags];
    const { width, height, focal, encoding = "rgb8", joints: names = [] } = task;
    if (this.#clipped) allFlags.push("limit_clipped");
    const period = BigInt(Math.round(task.controlPeriod * 1e9));
    return {
      tick: this.#tally.ticks,
      first: tick === 0,
      stamp: (this.#options.startStamp ?? 0n) + this.#jumped + BigInt(this.#tally.ticks) * period,
      images: {
        image: {
          width,
          height,
          encoding,
          data: this.#seen(image, tick),
          frameId: task.cameraFrame,
          ...(focal !== undefined && { optics: opticsOf({ width, height, focal }) }),
        },
      },
      values,
      ...(instruction !== undefined && { instruction }),
      joints: { names, position, velocity },
      importance,
      flags: allFlags,
      transforms: task.transforms?.() ?? [],
      simulation: this.#state(episode, tick),
    };
  }

  #state(episode: number, tick: number): SimulationState {
    const task = this.#task;
    return {
      task: task.name,
      condition: this.condition ?? "",
      episode,
      tick,
      ticks: task.ticks,
      isPaused: this.gate.isPaused,
      speed: this.#speed,
      goal: task.goal?.() ?? [],
      tipLink: task.tipLink ?? "",
      progress: task.progress(),
      error: task.error?.() ?? Number.NaN,
      success: task.success(),
      ...this.#disturbance.state,
    };
  }

  /** The image that the policy gets, after ablation and perturbations. */
  #seen(image: Uint8Array, tick: number): Uint8Array {
    const { ablation } = this.#options;
    if (ablation === "black") return image.fill(0);
    if (ablation !== undefined && tick === 0) this.#held = ablation === "frozen" ? this.#task.renderOtherGoal() : image;
    const seen = this.#held?.slice() ?? image;
    this.#disturbance.image(seen);
    return seen;
  }

  /** Gives what `work` gives; undefined where a client's change made the simulation unstable, which ends the episode. */
  #unlessUnstable<T>(work: () => T, episode: number): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!this.#isDisturbed || !(error instanceof UnstableError)) throw error;
      this.#torque = undefined;
      this.#options.unstable?.(error.message);
      if (!this.#restarts) this.#next = { episode: episode + 1, tick: 0 };
      this.#disturbance.forget();
      return undefined;
    }
  }

  /** Returns true. */
  #advance(): true {
    const commanded = this.#torque;
    if (commanded === undefined) throw new Error("no torque for this tick: call accept() after each observation");
    this.#torque = undefined;
    this.#applied = this.#disturbance.torque(commanded);
    this.#clipped = this.#task.step(this.#applied, this.#mask);
    this.#tally.step(this.#task.success(), this.#clipped);
    return true;
  }
}
