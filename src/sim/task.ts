import type { Transform } from "../explain/observation.js";
import type { View } from "./view.js";

/** A modality of the configuration: its elements in the policy's order and SI units. */
export interface Modality {
  readonly name: string;
  readonly size: number;
}

/** What the policy is given at one tick. `image` is live: it is overwritten by the next drawing. */
export interface TaskObservation {
  /** rgb8, [height, width, 3]. */
  readonly image: Uint8Array;
  /** Elements of every modality, by name. */
  readonly values: Readonly<Record<string, Float64Array>>;
}

/**
 * A simulated manipulation task under torque control. All of an episode follows from (seed, episode) and the torques.
 */
export interface Task {
  readonly name: string;
  /** Joint names, one a torque. */
  readonly joints: readonly string[];
  /** Largest torque magnitude of each joint, N·m. */
  readonly torqueLimit: Float64Array;
  readonly width: number;
  readonly height: number;
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
  /** Holds the torque, N·m, within its limits for one control step. True where a limit clipped it. */
  step(torque: ArrayLike<number>): boolean;
  /** Distance from the goal now, metres. */
  error(): number;
  /** Whether the task counts as done now. */
  success(): boolean;
  /** The torque an expert who knows the whole state would command now, N·m, within limits. */
  expert(): Float64Array;
  /** All that the rest of the episode depends on. */
  save(): Float64Array;
  restore(saved: Float64Array): void;

  /** Draws the present state with a goal of another episode, leaving the episode as it is. */
  renderOther(seed: number, episode: number): Uint8Array;
  /** Pose of the camera now, to project points into its image. */
  view(): View;
  /** Named points worth looking at (goal, fingertip), world frame, metres. */
  points(): Readonly<Record<string, Float64Array>>;
  /** Link, goal and camera poses now. */
  transforms(): Transform[];
  delete(): void;
}
