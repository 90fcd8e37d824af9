import { InputError } from "../../errors.js";
import { encoded } from "../../language/vocabulary.js";
import { type PixelData, pictureLength, planes } from "./canvas.js";
import { actionLength, type World, type WorldEntry, type WorldFacts } from "./world.js";

export interface WorldBatchOptions {
  /** Number of worlds. */
  readonly count: number;
  readonly seed: number;
  /** World i plays the episodes first + i, first + i + count, and so on. Default 0. */
  readonly first?: number;
  /** Pictures of an observation. Default: those of the world's facts. */
  readonly frames?: number;
  /** Type of the observations' elements, which are 0 to 255. Default uint8. */
  readonly type?: "uint8" | "float32";
}

/** State of a batch, for `restore`. */
export interface SavedBatch {
  readonly worlds: readonly Float64Array[];
  /** Index, return so far and length so far of each world's episode. */
  readonly episodes: Float64Array;
  readonly observations: PixelData;
}

/**
 * Worlds stepped together. Their pictures lie in one buffer, which each world keeps up to date; an episode that ends
 * makes place for the next at once. Arrays are overwritten by each step.
 */
export class WorldBatch {
  readonly facts: WorldFacts;
  readonly count: number;
  /** [N, frames · C, H, W]; the newest picture last, and before an episode's first steps its first picture again. */
  readonly shape: readonly [count: number, channels: number, height: number, width: number];
  /** What each policy sees now, of `shape`. */
  readonly observations: PixelData;
  /** The last observation of an episode that ended in the last step, of `shape`; other parts mean nothing. */
  readonly lastObservations: PixelData;
  /** What policies know beside their pictures, now and at an episode's end, [N, `WorldFacts.configuration`]. */
  readonly configurations: Float32Array;
  readonly lastConfigurations: Float32Array;
  /** Tokens of what each world's episode is to do, [N, `WorldFacts.language.length`]; empty without language. */
  readonly instructions: Int32Array;
  /** Reward of the last step, [N]. */
  readonly rewards: Float32Array;
  /** 1 where the last step ended the episode by the world's rules, and by its limit of steps, [N]. */
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  /** 1 where the last step cost a life, [N]. */
  readonly livesLost: Uint8Array;
  /** Of the episode that ended last in each world, [N]: its index, sum of rewards, steps, and 1 where its task was done. */
  readonly episodes: Float64Array;
  readonly returns: Float64Array;
  readonly lengths: Float64Array;
  readonly successes: Uint8Array;

  readonly #seed: number;
  readonly #first: number;
  readonly #worlds: readonly World[];
  readonly #actionLength: number;
  readonly #frames: number;
  /** Elements of a picture, and of an observation. */
  readonly #picture: number;
  readonly #size: number;
  readonly #configuration: number;
  /** Index, return so far and length so far of each world's episode, [N, 3]. */
  readonly #now: Float64Array;

  /** Loads the worlds and starts their first episodes. @throws InputError for an invalid count */
  static async load(entry: WorldEntry, options: WorldBatchOptions): Promise<WorldBatch> {
    return new WorldBatch(entry.facts, await entry.load(), options);
  }

  private constructor(
    facts: WorldFacts,
    make: Awaited<ReturnType<WorldEntry["load"]>>,
    { count, seed, first = 0, frames = facts.frames, type = "uint8" }: WorldBatchOptions,
  ) {
    for (const [name, value] of Object.entries({ count, frames })) {
      if (!(Number.isInteger(value) && value > 0)) {
        throw new InputError(`${name}: ${value}: expected a whole number above 0`);
      }
    }
    const { channels, height, width } = facts.picture;
    this.facts = facts;
    this.count = count;
    this.shape = [count, frames * channels, height, width];
    this.#seed = seed;
    this.#first = first;
    this.#frames = frames;
    this.#picture = pictureLength(facts.picture);
    this.#size = frames * this.#picture;
    this.#actionLength = actionLength(facts.actions);
    const data = (): PixelData => new (type === "uint8" ? Uint8Array : Float32Array)(count * this.#size);
    this.observations = data();
    this.lastObservations = data();
    this.#configuration = facts.configuration ?? 0;
    this.configurations = new Float32Array(count * this.#configuration);
    this.lastConfigurations = this.configurations.slice();
    this.instructions = new Int32Array(count * (facts.language?.length ?? 0));
    this.rewards = new Float32Array(count);
    this.terminated = new Uint8Array(count);
    this.truncated = new Uint8Array(count);
    this.livesLost = new Uint8Array(count);
    this.episodes = new Float64Array(count);
    this.returns = new Float64Array(count);
    this.lengths = new Float64Array(count);
    this.successes = new Uint8Array(count);
    this.#now = new Float64Array(3 * count);
    this.#worlds = Array.from({ length: count }, (_, i) =>
      make(planes(this.observations, facts.picture, (i + 1) * this.#size - this.#picture)),
    );
    this.reset();
  }

  /** Starts the first episodes again. */
  reset(): void {
    for (let i = 0; i < this.count; i++) this.#begin(i, this.#first + i);
  }

  /** Holds an action in each world for one control period. @param actions [N], or [N, numbers of an action] */
  step(actions: ArrayLike<number>): void {
    const { count, observations, rewards, terminated, truncated, livesLost } = this;
    if (actions.length !== count * this.#actionLength) {
      throw new Error(`${actions.length} numbers of actions: expected ${count * this.#actionLength}`);
    }
    const now = this.#now;
    const size = this.#size;
    for (let i = 0; i < count; i++) {
      // The newest picture stays where it is: its world changes no more than it must.
      if (this.#frames > 1) observations.copyWithin(i * size, i * size + this.#picture, (i + 1) * size);
      const step = this.#worlds[i]!.step(actions, i * this.#actionLength);
      this.#configure(i);
      rewards[i] = step.reward;
      terminated[i] = step.terminated ? 1 : 0;
      truncated[i] = step.truncated ? 1 : 0;
      livesLost[i] = step.lifeLost ? 1 : 0;
      now[3 * i + 1]! += step.reward;
      now[3 * i + 2]! += 1;
      if (step.terminated || step.truncated) this.#end(i, step.success);
    }
  }

  /** Labels of each world's newest picture, [N, H, W]. */
  segmentation(): Uint8Array {
    const { width, height } = this.facts.picture;
    const labels = new Uint8Array(this.count * width * height);
    this.#worlds.forEach((world, i) => {
      world.segmentation(labels.subarray(i * width * height, (i + 1) * width * height));
    });
    return labels;
  }

  /**
   * The expert's action in each world's state now: index of the action, [N]; 1 where it acts on something, [N]; and the
   * cells of the mask that show what it acts on, [N, mask's height, mask's width].
   * @throws Error for a world without expert
   */
  experts(): { readonly actions: Uint8Array; readonly interacts: Uint8Array; readonly masks: Uint8Array } {
    const { actions: space } = this.facts;
    const mask = space.kind === "discrete" && space.mask ? space.mask.width * space.mask.height : 0;
    const actions = new Uint8Array(this.count);
    const interacts = new Uint8Array(this.count);
    const masks = new Uint8Array(this.count * mask);
    this.#worlds.forEach((world, i) => {
      if (!world.expert) throw new Error(`world ${this.facts.name} has no expert`);
      const label = world.expert(masks.subarray(i * mask, (i + 1) * mask));
      actions[i] = label.action;
      interacts[i] = Number(label.interacts);
    });
    return { actions, interacts, masks };
  }

  save(): SavedBatch {
    return {
      worlds: this.#worlds.map((world) => world.save()),
      episodes: this.#now.slice(),
      observations: this.observations.slice(),
    };
  }

  /** Goes on as the saved batch would, which had the same options. */
  restore({ worlds, episodes, observations }: SavedBatch): void {
    if (worlds.length !== this.count) throw new Error(`state of ${worlds.length} worlds: expected ${this.count}`);
    this.#worlds.forEach((world, i) => {
      world.restore(worlds[i]!);
    });
    this.#now.set(episodes);
    this.observations.set(observations);
    for (let i = 0; i < this.count; i++) {
      this.#configure(i);
      this.#instruct(i);
    }
  }

  #configure(i: number): void {
    if (this.#configuration > 0) this.configurations.set(this.#worlds[i]!.configuration!(), i * this.#configuration);
  }

  #instruct(i: number): void {
    const { language } = this.facts;
    if (!language) return;
    const { vocabulary, length } = language;
    this.instructions.set(encoded(vocabulary, this.#worlds[i]!.instruction!(), length).ids, i * length);
  }

  #begin(i: number, episode: number): void {
    const size = this.#size;
    this.#worlds[i]!.reset(this.#seed, episode);
    this.#configure(i);
    this.#instruct(i);
    for (let frame = 1; frame < this.#frames; frame++) {
      const newest = (i + 1) * size - this.#picture;
      this.observations.copyWithin(newest - frame * this.#picture, newest, newest + this.#picture);
    }
    this.#now.set([episode, 0, 0], 3 * i);
  }

  #end(i: number, success: boolean): void {
    const [from, to] = [i * this.#size, (i + 1) * this.#size];
    this.lastObservations.set(this.observations.subarray(from, to), from);
    const [first, last] = [i * this.#configuration, (i + 1) * this.#configuration];
    this.lastConfigurations.set(this.configurations.subarray(first, last), first);
    const [episode, sum, length] = this.#now.subarray(3 * i);
    this.episodes[i] = episode!;
    this.returns[i] = sum!;
    this.lengths[i] = length!;
    this.successes[i] = success ? 1 : 0;
    this.#begin(i, episode! + this.count);
  }
}
