import type { SimulationState } from "../explain/observation.js";
import { FaultRun } from "./faults/fault-run.js";
import type { Perturbation } from "./perturbations.js";
import { type Random, random } from "./random.js";
import type { Sensed, Simulated } from "./simulated.js";
import { NO_WRENCH, type Wrench } from "./tasks/task.js";

type Disturbed = Pick<Simulated, "moveGoal" | "push" | "torqueLimit"> & ConstructorParameters<typeof FaultRun>[0];

const isFor = (entry: Perturbation, tick: number, episode: number): boolean =>
  entry.tick === tick && (entry.episode ?? episode) === episode;

/** Applies the perturbations of an episode to the task, its image and its torques. */
export class Disturbance {
  readonly #task: Disturbed;
  readonly #perturbations: readonly Perturbation[];
  /** Changes for the next tick, which `perturb` gave. */
  #next: Perturbation[] = [];
  #noise = 0;
  #light = 1;
  #occluded: NonNullable<Perturbation["occlude"]> | null = null;
  #wrench: Wrench = NO_WRENCH;
  #random: Random = random(0);
  /** Changes of this episode so far. */
  #made: Perturbation[] = [];
  readonly #faults: FaultRun;

  constructor(task: Disturbed, perturbations: readonly Perturbation[]) {
    this.#task = task;
    this.#faults = new FaultRun(task);
    this.#perturbations = perturbations;
  }

  /** Starts an episode without perturbations. */
  reset(seed: number, episode: number): void {
    this.#made = [];
    this.#faults.reset(seed, episode);
    this.#noise = 0;
    this.#light = 1;
    this.#occluded = null;
    this.#wrench = NO_WRENCH;
    this.#random = random(seed, episode, 2);
  }

  /** Adds a perturbation to those of the next tick, after those given at the start. */
  add(entry: Perturbation): void {
    this.#next.push(entry);
  }

  /** True where something was added for the next tick. */
  get isPending(): boolean {
    return this.#next.length > 0;
  }

  /** True where a tick has perturbations. */
  isDue(tick: number, episode: number): boolean {
    return [...this.#perturbations, ...this.#next].some((entry) => isFor(entry, tick, episode));
  }

  /** Forgets what was added for the next tick. */
  forget(): void {
    this.#next = [];
  }

  /** Starts the perturbations of this tick. */
  begin(tick: number, episode: number): void {
    for (const entry of [...this.#perturbations, ...this.#next]) {
      if (!isFor(entry, tick, episode)) continue;
      this.#made.push(entry);
      if (entry.target !== undefined) this.#task.moveGoal?.(entry.target);
      if (entry.wrench !== undefined) this.#push(entry.wrench);
      this.#noise = entry.torque_noise ?? this.#noise;
      this.#light = entry.light ?? this.#light;
      if (entry.occlude !== undefined) this.#occluded = entry.occlude;
      if (entry.fault !== undefined) this.#faults.begin(entry.fault);
    }
    this.forget();
  }

  /** Changes of this episode so far, in their order. */
  get made(): readonly Perturbation[] {
    return this.#made;
  }

  /** What holds now. */
  get state(): Pick<SimulationState, "light" | "occlude" | "wrench"> {
    return { light: this.#light, occlude: this.#occluded, wrench: this.#wrench };
  }

  /** What the policy is given in place of the true measurements, and seconds by which its clock jumps. */
  sensed(sensed: Sensed): ReturnType<FaultRun["apply"]> {
    return this.#faults.apply(sensed);
  }

  #push(wrench: Wrench | null): void {
    this.#wrench = wrench ?? NO_WRENCH;
    this.#task.push?.(wrench);
  }

  /** Changes an image in place. */
  image(data: Uint8Array): void {
    if (this.#light !== 1) {
      for (let byte = 0; byte < data.length; byte++) data[byte] = Math.min(255, Math.round(data[byte]! * this.#light));
    }
    if (!this.#occluded) return;
    const [x, y, width, height] = this.#occluded;
    const bytes = data.length / (this.#task.width * this.#task.height);
    for (let row = y; row < y + height; row++) {
      data.fill(0, bytes * (row * this.#task.width + x), bytes * (row * this.#task.width + x + width));
    }
  }

  /** The applied torque for a commanded one, N·m; values of actions as they are. */
  torque(commanded: ArrayLike<number>): Float64Array {
    const limits = this.#task.torqueLimit;
    if (!limits) return Float64Array.from(commanded);
    return limits.map(
      (limit, j) => commanded[j]! + (this.#noise > 0 ? this.#noise * limit * this.#random.normal() : 0),
    );
  }
}
