import type { Task } from "./tasks/task.js";

/** Measurements at one tick. The caller may keep all arrays. */
export interface Sensed {
  /** Pixels in the simulated thing's encoding, [height, width, channels]. */
  readonly image: Uint8Array;
  /** Elements of every other modality, by name. */
  readonly values: Readonly<Record<string, Float64Array>>;
  /** What is to be done, in words. */
  readonly instruction?: string;
  /** Joint positions (rad or m) and velocities; empty without joints. */
  readonly position: Float64Array;
  readonly velocity: Float64Array;
}

/** What only arms have. */
type ArmTraits = Pick<
  Task,
  | "robotDescription"
  | "joints"
  | "torqueLimit"
  | "tipLink"
  | "focal"
  | "error"
  | "importance"
  | "transforms"
  | "goal"
  | "goalProblem"
  | "moveGoal"
  | "push"
  | "save"
  | "startCondition"
  | "renderOtherCamera"
>;

/** What only worlds have. */
interface WorldTraits {
  readonly encoding: "mono8" | "rgb8";
  /** Names of the actions, one an output of the policy. */
  readonly actions: readonly string[];
  /** True where it says in words what is to be done. */
  readonly isTelling: boolean;
  /** True where the episode has ended by its own rules. */
  isOver(): boolean;
  /** Sum of the episode's rewards so far. */
  sumOfRewards(): number;
}

/** What a policy drives in a simulation: an arm at its task, or a world. What one of them does not have is left out. */
export interface Simulated extends Partial<ArmTraits>, Partial<WorldTraits> {
  readonly name: string;
  /** Names of the conditions that episodes begin in. */
  readonly conditions: readonly string[];
  /** Seconds a control step. */
  readonly controlPeriod: number;
  /** Control steps an episode, at most. */
  readonly ticks: number;
  /** Size of the image, pixels, and its frame. */
  readonly width: number;
  readonly height: number;
  readonly cameraFrame: string;
  reset(seed: number, episode: number, condition?: number): void;
  observe(): Sensed;
  /**
   * Holds what the policy commands for one control step: torques, or values of actions. True where a limit clipped it.
   * @param mask where the action acts, cells over the picture, for a world whose actions have a mask
   */
  step(command: ArrayLike<number>, mask?: ArrayLike<number>): boolean;
  progress(): number;
  success(): boolean;
  /** An image that has nothing to do with the state now: of another goal, or another episode. */
  renderOtherGoal(): Uint8Array;
  delete(): void;
}
