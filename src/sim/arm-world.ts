import { own } from "../own.js";
import type { EpisodeKind, Task } from "./tasks/task.js";
import { loadTask } from "./tasks/tasks.js";
import type { Canvas } from "./worlds/canvas.js";
import type { World, WorldEntry, WorldFacts, WorldStep } from "./worlds/world.js";

/**
 * The reward of a step, from the distance d of the goal (`Task.error`) and the torques u as parts of their limits:
 * closeness · e^(−d/near) − distance · d − torque · mean u².
 */
export interface ArmReward {
  /** A metre's cost. */
  readonly distance: number;
  /** Cost of a step with all torques at their limits. */
  readonly torque: number;
  /** Reward at the goal, and the distance in metres at which 37 % of it is left. */
  readonly closeness: number;
  readonly near: number;
}

/** How an arm's task is learned by reward. */
export interface ArmWorldOptions {
  /** Name of the task. */
  readonly task: string;
  /** Size of the camera image, pixels. */
  readonly width: number;
  readonly height: number;
  readonly episodes: EpisodeKind;
  readonly reward: ArmReward;
}

/** A task of an arm as a world: the camera's picture and the configuration in, torques (N·m) out, a reward a step. */
export async function armWorld({ task: name, width, height, episodes, reward }: ArmWorldOptions): Promise<WorldEntry> {
  const task = await loadTask(name, { width, height, ...episodes });
  const facts = factsOf(task);
  return { facts, load: async () => (canvas) => new ArmWorld(task, facts, reward, canvas) };
}

const factsOf = ({ name, width, height, joints, torqueLimit, modalities, controlPeriod, ticks }: Task): WorldFacts => ({
  name,
  picture: { width, height, channels: 3 },
  frames: 1,
  // As `Segmenter` labels them.
  classes: ["background", "arm", "target"],
  salient: ["arm", "target"],
  empty: ["background"],
  actions: {
    kind: "continuous",
    names: joints,
    units: joints.map(() => "N·m"),
    low: [...torqueLimit.map((limit) => -limit)],
    high: [...torqueLimit],
  },
  controlPeriod,
  limit: ticks,
  configuration: modalities.reduce((sum, { size }) => sum + size, 0),
});

/** Worlds share one task, which is set to the state of the world that is stepped. */
class ArmWorld implements World {
  readonly #torque: Float64Array;
  readonly #configuration: Float64Array;
  readonly #step = { reward: 0, terminated: false, truncated: false, success: false };
  #state: Float64Array;
  #ticks = 0;

  constructor(
    private readonly task: Task,
    readonly facts: WorldFacts,
    private readonly reward: ArmReward,
    private readonly canvas: Canvas,
  ) {
    this.#torque = new Float64Array(facts.actions.names.length);
    this.#configuration = new Float64Array(facts.configuration!);
    this.#state = task.save();
  }

  reset(seed: number, episode: number): void {
    this.task.reset(seed, episode);
    this.#ticks = 0;
    this.#look();
  }

  step(actions: ArrayLike<number>, at = 0): WorldStep {
    const { task, reward } = this;
    const torque = this.#torque;
    let effort = 0;
    for (const [joint, limit] of task.torqueLimit.entries()) {
      torque[joint] = Math.max(-limit, Math.min(limit, actions[at + joint]!));
      effort += (torque[joint]! / limit) ** 2 / torque.length;
    }
    task.restore(this.#state);
    task.step(torque);
    this.#ticks++;
    this.#look();
    const distance = task.error();
    const step = this.#step;
    step.reward =
      reward.closeness * Math.exp(-distance / reward.near) - reward.distance * distance - reward.torque * effort;
    step.truncated = this.#ticks >= task.ticks;
    step.success = step.truncated && task.success();
    return step;
  }

  configuration(): Float64Array {
    return this.#configuration;
  }

  progress(): number {
    this.task.restore(this.#state);
    return this.task.progress();
  }

  segmentation(into: Uint8Array): void {
    this.task.restore(this.#state);
    into.set(this.task.sight().segmentation);
  }

  save(): Float64Array {
    return Float64Array.of(this.#ticks, ...this.#state);
  }

  restore(saved: Float64Array): void {
    this.#ticks = saved[0]!;
    this.#state = saved.slice(1);
    this.task.restore(this.#state);
    this.#look();
  }

  /** Draws the task as it is now, and keeps its configuration and state. */
  #look(): void {
    const { task, canvas } = this;
    const { image, values } = task.observe();
    const { data, offset, column, row, channel } = canvas;
    for (let y = 0, from = 0; y < task.height; y++) {
      for (let x = 0; x < task.width; x++, from += 3) {
        const at = offset + y * row + x * column;
        for (let c = 0; c < 3; c++) data[at + c * channel] = image[from + c]!;
      }
    }
    let first = 0;
    for (const { name, size } of task.modalities) {
      this.#configuration.set(own(values, name)!, first);
      first += size;
    }
    this.#state = task.save();
  }
}
