import { InputError } from "../errors.js";
import type { Observation, ObservationFlag } from "../explain/observation.js";
import type { Source } from "../explain/pipeline.js";
import { Disturbance } from "./disturbance.js";
import { Pace } from "./pace.js";
import type { Perturbation } from "./perturbations.js";
import { opticsOf } from "./render/view.js";
import type { Task } from "./tasks/task.js";

/**
 * What replaces the camera's image, to see whether the policy looks at it: for the whole episode its first image
 * (`first`), its first image as it would be with another goal (`frozen`), or nothing (`black`).
 */
export type ImageAblation = "frozen" | "first" | "black";

export interface SimulationOptions {
  readonly task: Task;
  /** Default 0. */
  readonly seed?: number;
  /** Ends after so many episodes. Without `episodes` and `ticks` it does not end. */
  readonly episodes?: number;
  /** Ends after so many control steps. */
  readonly ticks?: number;
  /** 1 runs in real time (default), 2 twice as fast, 0 as fast as it can. */
  readonly speed?: number;
  /** Every episode begins in this condition of the task; without it they take turns. */
  readonly condition?: string;
  readonly ablation?: ImageAblation;
  readonly perturbations?: readonly Perturbation[];
  /** Stamp of the first observation, nanoseconds. Default 0; live viewers want the wall clock's. */
  readonly startStamp?: bigint;
}

export interface SimulationSummary {
  /** Control steps taken. */
  readonly ticks: number;
  /** Episodes finished. */
  readonly episodes: number;
  readonly successes: number;
  /** Part of the finished episodes that succeeded; NaN where none was finished. */
  readonly successRate: number;
  /** Distance from the goal at the end of each finished episode, metres; of the last 10,000. */
  readonly finalErrors: readonly number[];
  /** Ticks that began late, and by how many milliseconds at most (`speed` > 0). */
  readonly lateTicks: number;
  readonly latestMs: number;
  /** Ticks whose torque was clipped to its limits. */
  readonly clippedTicks: number;
}

const KEPT_ERRORS = 10_000;

/** `image=frozen`, `image=first` or `image=black` as given on a command line. Throws InputError. */
export function parseAblation(text: string): ImageAblation {
  const [modality, how] = text.split("=");
  if (modality === "image" && (how === "frozen" || how === "first" || how === "black")) return how;
  throw new InputError(`cannot ablate "${text}"; expected image=frozen, image=first or image=black`);
}

/** Index of a task's condition. Throws InputError for one that it does not have. */
export function conditionOf({ name, conditions }: Task, condition: string): number {
  const index = conditions.indexOf(condition);
  if (index < 0)
    throw new InputError(`task ${name} has no condition "${condition}"; expected ${conditions.join(", ")}`);
  return index;
}

/** A simulated task as a source of observations; it applies the torques of the explanations handed to `accept`. */
export class SimulatedSource implements Source {
  /** The task's name. */
  readonly task: string;
  readonly robotDescription: string;
  readonly #task: Task;
  readonly #options: SimulationOptions;
  readonly #seed: number;
  readonly #condition: number | undefined;
  readonly #disturbance: Disturbance;
  readonly #pace: Pace;
  readonly #stop = new AbortController();
  #restarts = false;
  #held: Uint8Array | undefined;
  #torque: Float64Array | undefined;
  #applied: Float64Array | undefined;
  #clipped = false;
  #ticks = 0;
  #episodes = 0;
  #successes = 0;
  #clippedTicks = 0;
  #errors: number[] = [];

  /** Takes the task over: `close` frees it. Throws InputError for a negative or fractional count, or speed, or an unknown condition. */
  constructor(options: SimulationOptions) {
    const { task, seed = 0, speed = 1, perturbations = [] } = options;
    for (const name of ["episodes", "ticks"] as const) {
      const count = options[name];
      if (count !== undefined && !(Number.isInteger(count) && count > 0)) {
        throw new InputError(`${name}: ${count}: expected a whole number above 0`);
      }
    }
    if (!(speed >= 0 && Number.isFinite(speed))) throw new InputError(`speed: ${speed}: expected 0 or more`);
    if (!Number.isSafeInteger(seed)) throw new InputError(`seed: ${seed}: expected a whole number`);
    this.task = task.name;
    this.robotDescription = task.robotDescription;
    this.#task = task;
    this.#options = options;
    this.#seed = seed;
    this.#condition = options.condition === undefined ? undefined : conditionOf(task, options.condition);
    this.#disturbance = new Disturbance(task, perturbations);
    this.#pace = new Pace(speed === 0 ? 0 : (1000 * task.controlPeriod) / speed);
  }

  async *observations(): AsyncGenerator<Observation> {
    const { ticks = Number.POSITIVE_INFINITY, episodes = Number.POSITIVE_INFINITY } = this.#options;
    for (let episode = 0; episode < episodes; episode++) {
      this.#begin(episode);
      for (let tick = 0; tick < this.#task.ticks; tick++) {
        if (this.#ticks >= ticks) return;
        await this.#pace.next(this.#stop.signal);
        if (this.#stop.signal.aborted) return;
        this.#disturbance.begin(tick, episode);
        yield this.#observe(tick);
        if (this.#stop.signal.aborted) return;
        this.#advance();
        if (this.#restarts) break;
      }
      if (this.#restarts) episode = -1;
      else this.#finish();
      this.#restarts = false;
    }
  }

  /** Breaks the episode off at the next tick and begins with the first one again; time goes on. */
  restart(): void {
    this.#restarts = true;
  }

  /** Takes the torque to hold for the next control step. */
  accept({ torque }: { readonly torque: ArrayLike<number> }): void {
    if (torque.length !== this.#task.joints.length) {
      throw new InputError(
        `the policy commands ${torque.length} torques; task "${this.#task.name}" expects ${this.#task.joints.length} (${this.#task.joints.join(", ")})`,
      );
    }
    this.#torque = Float64Array.from(torque);
  }

  summary(): SimulationSummary {
    return {
      ticks: this.#ticks,
      episodes: this.#episodes,
      successes: this.#successes,
      successRate: this.#successes / this.#episodes,
      finalErrors: [...this.#errors],
      lateTicks: this.#pace.late,
      latestMs: this.#pace.latest,
      clippedTicks: this.#clippedTicks,
    };
  }

  /** Ends the observations at the next tick, without waiting for it, and frees the task. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#task.delete();
  }

  #begin(episode: number): void {
    this.#task.reset(this.#seed, episode, this.#condition);
    this.#disturbance.reset(this.#seed, episode);
    this.#applied = undefined;
    this.#clipped = false;
    this.#held = undefined;
  }

  #observe(tick: number): Observation {
    const task = this.#task;
    const { image, values, position, velocity } = task.observe();
    const { importance, flags } = task.importance(this.#applied);
    const allFlags: ObservationFlag[] = [...flags];
    if (this.#clipped) allFlags.push("limit_clipped");
    const period = BigInt(Math.round(task.controlPeriod * 1e9));
    return {
      tick: this.#ticks,
      first: tick === 0,
      stamp: (this.#options.startStamp ?? 0n) + BigInt(this.#ticks) * period,
      images: {
        image: {
          width: task.width,
          height: task.height,
          encoding: "rgb8",
          data: this.#seen(image, tick),
          frameId: task.cameraFrame,
          optics: opticsOf(task),
        },
      },
      values,
      joints: { names: task.joints, position, velocity },
      importance,
      flags: allFlags,
      transforms: task.transforms(),
    };
  }

  /** The image that the policy gets in place of the camera's. */
  #seen(image: Uint8Array, tick: number): Uint8Array {
    const { ablation } = this.#options;
    if (ablation === "black") return image.fill(0);
    if (ablation !== undefined && tick === 0) this.#held = ablation === "frozen" ? this.#task.renderOtherGoal() : image;
    const seen = this.#held?.slice() ?? image;
    this.#disturbance.image(seen);
    return seen;
  }

  #advance(): void {
    const commanded = this.#torque;
    if (commanded === undefined) throw new Error("the simulation was given no torque: accept() must follow each tick");
    this.#torque = undefined;
    this.#applied = this.#disturbance.torque(commanded);
    this.#clipped = this.#task.step(this.#applied);
    if (this.#clipped) this.#clippedTicks++;
    this.#ticks++;
  }

  #finish(): void {
    this.#episodes++;
    if (this.#task.success()) this.#successes++;
    this.#errors.push(this.#task.error());
    if (this.#errors.length > KEPT_ERRORS) this.#errors.shift();
  }
}
