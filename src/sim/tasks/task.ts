import type { Importance, ImportanceForm } from "../../arm/importance.js";
import type { Transform } from "../../explain/observation.js";
import type { ControlProblem } from "../expert/ilqr.js";
import type { Random } from "../random.js";
import type { Sight } from "../render/sight.js";
import type { ImagePoint } from "../render/view.js";

/** A modality of the configuration: its elements in the policy's order and SI units. */
export interface Modality {
  readonly name: string;
  readonly size: number;
}

/** Measurements at one tick. The caller may keep all arrays. */
export interface TaskObservation {
  /** rgb8, [height, width, 3]. */
  readonly image: Uint8Array;
  /** Elements of every modality, by name. */
  readonly values: Readonly<Record<string, Float64Array>>;
  /** Joint positions (rad or m) and velocities, in the order of `joints`. */
  readonly position: Float64Array;
  readonly velocity: Float64Array;
}

/** Angle by which the other camera stands round the scene (`renderOtherCamera`), rad. */
export const OTHER_CAMERA = 1.2;

/** Force (N) and torque (N·m) in world axes. */
export type Wrench = readonly [fx: number, fy: number, fz: number, tx: number, ty: number, tz: number];
export const NO_WRENCH: Wrench = [0, 0, 0, 0, 0, 0];

/**
 * Goals of the episodes: the four of the conditions in turn, so many fixed ones anywhere in reach in turn, or another one
 * anywhere in reach for each episode.
 */
export type Targets = "four" | "random" | number;

/** Starts of the episodes: those of the task, or all near one pose. Some tasks know no others. */
export type Starts = "usual" | "near";

/** Where episodes start, and what their goals are. */
export interface EpisodeKind {
  /** Default "four". */
  readonly targets?: Targets;
  /** Default "usual". */
  readonly starts?: Starts;
}

/** Options of every task. */
export interface TaskOptions extends EpisodeKind {
  /** Size of the camera image, pixels: the size that the policy expects. */
  readonly width: number;
  readonly height: number;
}

/** Episodes of a task under torque control. An episode follows from (seed, episode, condition) and the torques. */
export interface TaskEpisode {
  readonly name: string;
  /** URDF of the robot. */
  readonly robotDescription: string;
  /** The arm for policy cards: an MJCF file of `models/`, and the site of its tip. */
  readonly arm: { readonly file: string; readonly site: string };
  /** Link of the robot description that carries the tip. */
  readonly tipLink: string;
  /** Joint names, one a torque. */
  readonly joints: readonly string[];
  /** Largest torque magnitude of each joint, N·m. */
  readonly torqueLimit: Float64Array;
  /** Modalities of the configuration, in the policy's order. */
  readonly modalities: readonly Modality[];
  /** Seconds a control step. */
  readonly controlPeriod: number;
  /** Control steps an episode. */
  readonly ticks: number;
  /** Names of the conditions that episodes begin in. */
  readonly conditions: readonly string[];

  /** Starts an episode in the condition of that index; by default as `Targets` says. */
  reset(seed: number, episode: number, condition?: number): void;
  /** Name of the condition that the episode began in; empty where its goal lies anywhere. */
  startCondition(): string;
  /** Starts an episode with arm and goal anywhere they may come to be: frames for training. */
  scatter(random: Random): void;
  observe(): TaskObservation;
  /** Holds the torque [J], N·m, within its limits for one control step. True where a limit clipped it. */
  step(torque: ArrayLike<number>): boolean;
  /** Distance from the goal now, metres. */
  error(): number;
  /** Part of the task that is done now, 0 to 1. */
  progress(): number;
  /** True where the task counts as done now. */
  success(): boolean;
  /** The torque of an expert that knows the whole state, N·m, within limits. */
  expert(): Float64Array;
  /** Importance factor α now (`ImportanceFactor.of`), with flags for contact and joint limits. */
  importance(torque?: ArrayLike<number>, form?: ImportanceForm): Importance;
  /** Poses of links, goal and camera now. */
  transforms(): Transform[];

  /** The requirement that a goal does not meet, as "expected …"; undefined for a valid one. */
  goalProblem(goal: readonly number[]): string | undefined;
  /** A goal between those of the conditions, for `moveGoal`. */
  randomGoal(random: Random): readonly number[];
  /** Another goal of the episodes' kind, for `moveGoal`. */
  otherGoal(random: Random): readonly number[];
  /** The goal now, as `moveGoal` takes it. */
  goal(): readonly number[];
  /** Moves the goal for the rest of the episode. */
  moveGoal(goal: readonly number[]): void;
  /** Pushes the tip's link at its centre of mass until the next call, or the episode's end. */
  push(wrench: Wrench | null): void;
}

/** The camera of a task. */
export interface TaskCamera {
  /** Size of the image, pixels. */
  readonly width: number;
  readonly height: number;
  /** Focal length, pixels; the principal point is the image's centre. */
  readonly focal: number;
  /** Optical frame. */
  readonly cameraFrame: string;

  /** The image now as it would be with another goal; the episode stays as it is. */
  renderOtherGoal(): Uint8Array;
  /** The image now by a camera that stands elsewhere. */
  renderOtherCamera(): Uint8Array;
  /** Segmentation and depth of the image now. */
  sight(): Sight;
  /** Image positions of the goal and the fingertip, pixels, by name. */
  imagePoints(): Readonly<Record<string, ImagePoint>>;
}

/** Access to a task's state, for planners. */
export interface TaskPlanner {
  /** Positions then velocities of all joints of the model, [2 nv]. */
  state(): Float64Array;
  /** Sets the state of all joints, [2 nv]; everything else stays. */
  setState(state: Float64Array): void;
  /**
   * An episode's length from the state now, as an optimal control problem. Its cost does not depend on time, apart from
   * a larger weight at the end: a policy has no clock either. The caller deletes `cost`.
   */
  problem(): ControlProblem;
  /** Everything that the rest of the episode depends on. */
  save(): Float64Array;
  restore(saved: Float64Array): void;
}

/** A simulated manipulation task. A new one is a folder beside this file, and one entry in the table of tasks. */
export interface Task extends TaskEpisode, TaskCamera, TaskPlanner {
  delete(): void;
}
