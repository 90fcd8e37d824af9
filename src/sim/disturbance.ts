import type { Perturbation } from "./perturbations.js";
import { type Random, random } from "./random.js";
import type { TaskCamera, TaskEpisode } from "./tasks/task.js";

type Disturbed = Pick<TaskEpisode, "moveGoal" | "push" | "torqueLimit"> & Pick<TaskCamera, "width">;

/** Applies the perturbations of an episode to the task, its image and its torques. */
export class Disturbance {
  readonly #task: Disturbed;
  readonly #perturbations: readonly Perturbation[];
  #noise = 0;
  #light = 1;
  #occluded: Perturbation["occlude"] = null;
  #random: Random = random(0);

  constructor(task: Disturbed, perturbations: readonly Perturbation[]) {
    this.#task = task;
    this.#perturbations = perturbations;
  }

  /** Starts an episode without perturbations. */
  reset(seed: number, episode: number): void {
    this.#noise = 0;
    this.#light = 1;
    this.#occluded = null;
    this.#random = random(seed, episode, 2);
  }

  /** Starts the perturbations of this tick. */
  begin(tick: number, episode: number): void {
    for (const entry of this.#perturbations) {
      if (entry.tick !== tick || (entry.episode ?? episode) !== episode) continue;
      if (entry.target !== undefined) this.#task.moveGoal(entry.target);
      if (entry.wrench !== undefined) this.#task.push(entry.wrench);
      this.#noise = entry.torque_noise ?? this.#noise;
      this.#light = entry.light ?? this.#light;
      if (entry.occlude !== undefined) this.#occluded = entry.occlude;
    }
  }

  /** Changes an rgb8 image in place. */
  image(data: Uint8Array): void {
    if (this.#light !== 1) {
      for (let byte = 0; byte < data.length; byte++) data[byte] = Math.min(255, Math.round(data[byte]! * this.#light));
    }
    if (!this.#occluded) return;
    const [x, y, width, height] = this.#occluded;
    for (let row = y; row < y + height; row++) {
      data.fill(0, 3 * (row * this.#task.width + x), 3 * (row * this.#task.width + x + width));
    }
  }

  /** The applied torque for a commanded one, N·m. */
  torque(commanded: ArrayLike<number>): Float64Array {
    const limits = this.#task.torqueLimit;
    return limits.map(
      (limit, j) => commanded[j]! + (this.#noise > 0 ? this.#noise * limit * this.#random.normal() : 0),
    );
  }
}
