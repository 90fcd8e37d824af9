import { chosenOf } from "../outputs/choice.js";
import type { Sensed, Simulated } from "./simulated.js";
import { pictureLength, pixels } from "./worlds/canvas.js";
import { drawOther } from "./worlds/other-picture.js";
import type { World, WorldEntry, WorldFacts } from "./worlds/world.js";

const NO_NUMBERS = new Float64Array(0);

/** Distance of the episode whose picture a frozen image shows. */
const OTHER_EPISODE = 1_000_000;

/** A world as a simulation runs it. The most probable action is taken. */
export class SimulatedWorld implements Simulated {
  readonly name: string;
  readonly conditions: readonly string[] = [];
  readonly controlPeriod: number;
  readonly ticks: number;
  readonly width: number;
  readonly height: number;
  readonly cameraFrame = "world";
  readonly encoding: "mono8" | "rgb8";
  readonly actions: readonly string[];
  readonly isTelling: boolean;
  readonly #facts: WorldFacts;
  readonly #world: World;
  readonly #picture: Uint8Array;
  readonly #other: World;
  readonly #otherPicture: Uint8Array;
  /** Seed and number of the episode. */
  #at: readonly [seed: number, episode: number] = [0, 0];
  #isOver = false;
  #isDone = false;
  #sum = 0;
  /** The last action and its reward, for policies that are told of them; zeros at an episode's start. */
  readonly #action: Float64Array;
  #reward = 0;

  static async load(entry: WorldEntry): Promise<SimulatedWorld> {
    return new SimulatedWorld(entry.facts, await entry.load());
  }

  private constructor(facts: WorldFacts, make: Awaited<ReturnType<WorldEntry["load"]>>) {
    const { picture } = facts;
    this.name = facts.name;
    this.controlPeriod = facts.controlPeriod;
    this.ticks = facts.limit;
    this.width = picture.width;
    this.height = picture.height;
    this.encoding = picture.channels === 1 ? "mono8" : "rgb8";
    this.actions = facts.actions.names;
    this.isTelling = facts.language !== undefined;
    this.#facts = facts;
    this.#action = new Float64Array(this.actions.length);
    this.#picture = new Uint8Array(pictureLength(picture));
    this.#otherPicture = this.#picture.slice();
    this.#world = make(pixels(this.#picture, picture));
    this.#other = make(pixels(this.#otherPicture, picture));
  }

  reset(seed: number, episode: number): void {
    this.#at = [seed, episode];
    this.#isOver = false;
    this.#isDone = false;
    this.#sum = 0;
    this.#action.fill(0);
    this.#reward = 0;
    this.#world.reset(seed, episode);
  }

  observe(): Sensed {
    const values = { previous_action: this.#action.slice(), previous_reward: Float64Array.of(this.#reward) };
    const told = this.#world.instruction?.();
    return {
      image: this.#picture.slice(),
      values,
      ...(told !== undefined && { instruction: told }),
      position: NO_NUMBERS,
      velocity: NO_NUMBERS,
    };
  }

  /** @param values of the actions, of which the largest is taken, or the action itself where it is made of numbers */
  step(values: ArrayLike<number>, mask?: ArrayLike<number>): boolean {
    const { actions } = this.#facts;
    const isDiscrete = actions.kind === "discrete";
    const taken = chosenOf(values);
    const { reward, terminated, success } = this.#world.step(
      isDiscrete ? [taken, mask === undefined ? -1 : chosenOf(mask)] : values,
    );
    this.#action.forEach((_, i, action) => {
      action[i] = isDiscrete ? Number(i === taken) : values[i]!;
    });
    this.#reward = reward;
    this.#sum += reward;
    this.#isOver = terminated;
    this.#isDone = success;
    if (isDiscrete) return false;
    return actions.names.some((_, i) => values[i]! < actions.low[i]! || values[i]! > actions.high[i]!);
  }

  progress(): number {
    return this.#world.progress();
  }

  success(): boolean {
    return this.#isDone;
  }

  isOver(): boolean {
    return this.#isOver;
  }

  sumOfRewards(): number {
    return this.#sum;
  }

  /** Label of each pixel's object (index in the world's classes), [height, width]. */
  segmentation(): Uint8Array {
    const labels = new Uint8Array(this.width * this.height);
    this.#world.segmentation(labels);
    return labels;
  }

  /** 1 at the pixels of what decides now (`WorldFacts.salient`), else 0, [height, width]. */
  salient(): Uint8Array {
    const { classes, salient } = this.#facts;
    const decides = classes.map((name) => Number(salient.includes(name)));
    return this.segmentation().map((label) => decides[label]!);
  }

  /** A picture of another episode (`drawOther`). */
  renderOtherGoal(): Uint8Array {
    const [seed, episode] = this.#at;
    drawOther(this.#other, seed, episode + OTHER_EPISODE);
    return this.#otherPicture.slice();
  }

  delete(): void {}
}
