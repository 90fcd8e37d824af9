import type { Importance, ImportanceForm } from "../../arm/importance.js";
import type { Transform } from "../../explain/observation.js";
import type { PlanOptions } from "../expert/ilqr.js";
import type { ControlStep } from "../expert/linearise.js";
import type { Random } from "../random.js";
import type { Sight } from "../render/sight.js";
import type { ImagePoint } from "../render/view.js";

/** A modality of the configuration: its elements in the policy's order and SI units. */
export interface Modality {
  readonly name: string;
  readonly size: number;
}

/** What is measured at one tick. All arrays are the caller's to keep. */
export interface TaskObservation {
  /** rgb8, [height, width, 3]. */
  readonly image: Uint8Array;
  /** Elements of every modality, by name. */
  readonly values: Readonly<Record<string, Float64Array>>;
  /** Joint positions (rad or m) and velocities, in the order of `joints`. */
  readonly position: Float64Array;
  readonly velocity: Float64Array;
}

/** Force (N) and torque (N·m) in world axes. */
export type Wrench = readonly [fx: number, fy: number, fz: number, tx: number, ty: number, tz: number];
export const NO_WRENCH: Wrench = [0, 0, 0, 0, 0, 0];

/**
 * An episode as a problem of optimal control, for planners: states are positions then velocities of all joints of the
 * model, [2 nv]; the commanded ones come first, in the order of `joints`.
 */
export interface ControlProblem extends PlanOptions {
  /** Dynamics of one control step, with the episode's goal in place. The task's own: valid until it is asked or plans again. */
  readonly step: ControlStep;
}

/**
 * A simulated manipulation task under torque control. All of an episode follows from (seed, episode, condition) and the
 * torques. A new task is one class that implements this, or a description of one, and one entry in `tasks.ts`.
 */
export interface Task {
  readonly name: string;
  /** URDF of the robot. */
  readonly robotDescription: string;
  /** The model of the arm for policy cards: an MJCF file of `models/`, and the site that is the tip. */
  readonly arm: { readonly file: string; readonly site: string };
  /** Joint names, one a torque. */
  readonly joints: readonly string[];
  /** Largest torque magnitude of each joint, N·m. */
  readonly torqueLimit: Float64Array;
  /** Size of the camera image, pixels. */
  readonly width: number;
  readonly height: number;
  /** Focal length of the camera, pixels; its centre is the image's. */
  readonly focal: number;
  /** Optical frame of the camera. */
  readonly cameraFrame: string;
  /** Modalities of the configuration, in the policy's order. */
  readonly modalities: readonly Modality[];
  /** Seconds a control step. */
  readonly controlPeriod: number;
  /** Control steps an episode. */
  readonly ticks: number;
  /** Names of the conditions that episodes begin in. */
  readonly conditions: readonly string[];

  /** Starts an episode, in the condition of that index; without one they take turns, or anything goes (`Targets`). */
  reset(seed: number, episode: number, condition?: number): void;
  observe(): TaskObservation;
  /** Holds the torque [J], N·m, within its limits for one control step. True where a limit clipped it. */
  step(torque: ArrayLike<number>): boolean;
  /** Distance from the goal now, metres. */
  error(): number;
  /** How much of the task is done now, 0 to 1. */
  progress(): number;
  /** Whether the task counts as done now. */
  success(): boolean;
  /** The torque an expert who knows the whole state would command now, N·m, within limits. */
  expert(): Float64Array;
  /** Importance factor α now, as `ImportanceFactor.of` finds it. Its flags tell contact and joint limits. */
  importance(torque?: ArrayLike<number>, form?: ImportanceForm): Importance;

  /** What is wrong with a goal, as "expected …"; undefined for a good one. */
  goalProblem(goal: readonly number[]): string | undefined;
  /** A goal between those of the conditions, for `moveGoal`. */
  randomGoal(random: Random): readonly number[];
  /** Moves the goal for the rest of the episode. */
  moveGoal(goal: readonly number[]): void;
  /** Pushes the link of the tip at its centre of mass until told otherwise, or the episode ends. */
  push(wrench: Wrench | null): void;
  /** Puts arm and goal anywhere they may come to be in an episode: pictures to learn from. Begins an episode. */
  scatter(random: Random): void;
  /** The camera's image now, had the episode another goal than it has; the episode stays as it is. */
  renderOtherGoal(): Uint8Array;
  /** What is where in the camera's image now, and how far. */
  sight(): Sight;
  /** Where the goal and the fingertip are seen, pixels, by name. */
  imagePoints(): Readonly<Record<string, ImagePoint>>;
  /** Poses of links, goal and camera now. */
  transforms(): Transform[];

  /** Positions then velocities of all joints of the model, [2 nv]. */
  state(): Float64Array;
  /** Puts all joints in another state, [2 nv]; everything else stays. */
  setState(state: Float64Array): void;
  /**
   * An episode's length from the state now, as a problem of optimal control. Its cost knows no clock but may weigh the
   * end more: a policy knows none either. `cost` is the caller's to delete.
   */
  problem(): ControlProblem;

  /** All that the rest of the episode depends on. */
  save(): Float64Array;
  restore(saved: Float64Array): void;
  delete(): void;
}
