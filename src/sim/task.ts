import type { Importance } from "../arm/importance.js";
import type { Transform } from "../explain/observation.js";
import type { ImagePoint } from "./view.js";

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

/**
 * A simulated manipulation task under torque control. All of an episode follows from (seed, episode) and the torques.
 * A new task is one class that implements this and one entry in `tasks.ts`.
 */
export interface Task {
  readonly name: string;
  /** URDF of the robot. */
  readonly robotDescription: string;
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

  /** Starts an episode. */
  reset(seed: number, episode: number): void;
  observe(): TaskObservation;
  /** Holds the torque [J], N·m, within its limits for one control step. True where a limit clipped it. */
  step(torque: ArrayLike<number>): boolean;
  /** Distance from the goal now, metres. */
  error(): number;
  /** Whether the task counts as done now. */
  success(): boolean;
  /** The torque an expert who knows the whole state would command now, N·m, within limits. */
  expert(): Float64Array;
  /** Importance factor α now; `torque` as for `ImportanceFactor.of`. */
  importance(torque?: ArrayLike<number>): Importance;

  /** What is wrong with a goal, as "expected …"; undefined for a good one. */
  goalProblem(goal: readonly number[]): string | undefined;
  /** Moves the goal for the rest of the episode. */
  moveGoal(goal: readonly number[]): void;
  /** The camera's image now, had the episode another goal than it has; the episode stays as it is. */
  renderOtherGoal(): Uint8Array;
  /** Where the goal and the fingertip are seen, pixels, by name. */
  imagePoints(): Readonly<Record<string, ImagePoint>>;
  /** Poses of links, goal and camera now. */
  transforms(): Transform[];

  /** All that the rest of the episode depends on. */
  save(): Float64Array;
  restore(saved: Float64Array): void;
  delete(): void;
}
