import type { Vocabulary } from "../../language/vocabulary.js";
import type { Canvas, PictureSize } from "./canvas.js";

/** Actions of a world: one of the names, or a number for each name. */
export type ActionSpace = DiscreteActions | ContinuousActions;

/** An action is the index of a name. */
export interface DiscreteActions {
  readonly kind: "discrete";
  readonly names: readonly string[];
  /** Cells over the picture of the mask that shows what an action acts on: its second number, a cell, −1 without a mask. */
  readonly mask?: { readonly width: number; readonly height: number };
}

/** An action has one number a name, clipped to its bounds. */
export interface ContinuousActions {
  readonly kind: "continuous";
  readonly names: readonly string[];
  readonly units: readonly string[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** Numbers of an action: its index and, with a mask, the mask's cell; or one a name. */
export function actionLength(actions: ActionSpace): number {
  if (actions.kind === "continuous") return actions.names.length;
  return actions.mask ? 2 : 1;
}

/** Everything about a world that does not change. */
export interface WorldFacts {
  readonly name: string;
  /** The world whose policies are asked here what they have not learned; left out: policies are trained in it. */
  readonly unseenOf?: string;
  /** The picture of one moment. */
  readonly picture: PictureSize;
  /** Pictures that the policy usually sees at once, the newest last. */
  readonly frames: number;
  /** Classes of objects, by label (`World.segmentation`). */
  readonly classes: readonly string[];
  /** The classes that decide what to do; the others are surroundings. */
  readonly salient: readonly string[];
  /** The classes that say nothing about what to do. Of the rest it is not certain. */
  readonly empty: readonly string[];
  readonly actions: ActionSpace;
  /** Seconds a step. */
  readonly controlPeriod: number;
  /** Steps after which an episode is cut off. */
  readonly limit: number;
  /** Numbers that a policy knows beside the picture (`World.configuration`), default none. */
  readonly configuration?: number;
  /** What pixels can show, in groups that are told apart by themselves (`World.kinds`). */
  readonly kinds?: readonly (readonly string[])[];
  /** Where a world tells in words what to do: the words, and tokens of an instruction. */
  readonly language?: { readonly vocabulary: Vocabulary; readonly length: number };
  /** Set where all episodes begin with the same picture: most random steps before one that a frozen image shows. */
  readonly opening?: number;
}

/** Result of a step. */
export interface WorldStep {
  readonly reward: number;
  /** True where the episode ended by the world's rules. */
  readonly terminated: boolean;
  /** True where the episode reached its limit of steps. */
  readonly truncated: boolean;
  /** True where the episode ended and its task is done. */
  readonly success: boolean;
  /** True where one of several lives was lost, the last one too; default false. */
  readonly lifeLost?: boolean;
}

/** What an expert does in a state. */
export interface ExpertLabel {
  /** Index of the action. */
  readonly action: number;
  /** True where the action acts on something, which the mask shows. */
  readonly interacts: boolean;
}

/**
 * A simulated world that a policy sees by its picture, most by that alone. An episode follows from (seed, episode) and the actions, to
 * the last bit. `reset` and `step` keep the picture in the world's canvas up to date.
 */
export interface World {
  readonly facts: WorldFacts;
  reset(seed: number, episode: number): void;
  /**
   * Holds an action for one control period.
   * @param actions numbers of the action from index `at` on
   * @returns an object that the next step overwrites
   */
  step(actions: ArrayLike<number>, at?: number): WorldStep;
  /** What a policy knows now beside the picture, in SI units: `WorldFacts.configuration` numbers. */
  configuration?(): ArrayLike<number>;
  /** What is to be done in this episode, where the world says it in words (`WorldFacts.language`). */
  instruction?(): string;
  /**
   * The expert's action in the state now, whatever led to it.
   * @param mask written: 1 in the cells that show what the action acts on, 0 elsewhere, [height, width] of the actions' mask
   */
  expert?(mask: Uint8Array): ExpertLabel;
  /** Part of the task that is done now, 0 to 1. */
  progress(): number;
  /** Writes the label of each pixel's object (index in `facts.classes`), [H, W]. */
  segmentation(into: Uint8Array): void;
  /** Writes what each pixel shows, of each group of `facts.kinds` a label, [groups, H, W]. */
  kinds?(into: Uint8Array): void;
  /** Everything that the rest of the episode depends on. */
  save(): Float64Array;
  restore(saved: Float64Array): void;
}

/** A world in the table of worlds. */
export interface WorldEntry {
  readonly facts: WorldFacts;
  /** Loads the world's code. Each call of what it gives makes a world that draws into a canvas. */
  load(): Promise<(canvas: Canvas) => World>;
}
