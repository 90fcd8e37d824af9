import type { CameraView, Image } from "../image/image.js";

/**
 * One synchronised policy input. Every source (ROS 2, bag, simulation) yields it; the explainer sees nothing else.
 */

/** Pose of a frame in its parent: translation in metres, rotation as a unit quaternion. */
export interface Transform {
  readonly parent: string;
  readonly child: string;
  readonly translation: readonly [x: number, y: number, z: number];
  readonly rotation: readonly [x: number, y: number, z: number, w: number];
}

export type ObservationFlag =
  | "in_contact"
  | "at_limit"
  | "importance_unknown"
  | "limit_clipped"
  | "velocity_differentiated"
  | "joint_position_assumed"
  | "mixed_joint_states"
  | "mixed_images";

/** State of a simulation when it was observed, to show. */
export interface SimulationState {
  readonly task: string;
  /** The condition that every episode begins in; empty where they take turns. */
  readonly condition: string;
  /** Number of the episode, from 0, and control step in it, from 0, of `ticks`. */
  readonly episode: number;
  readonly tick: number;
  readonly ticks: number;
  readonly isPaused: boolean;
  /** Simulated seconds per second; 0: as fast as possible. */
  readonly speed: number;
  /** As a perturbation moves it, metres; empty without one. */
  readonly goal: readonly number[];
  /** Link that a wrench pushes; empty without one. */
  readonly tipLink: string;
  /** Part of the task that is done, 0 to 1; distance from the goal, metres, NaN without one; true where the task counts as done. */
  readonly progress: number;
  readonly error: number;
  readonly success: boolean;
  /** Perturbations that hold: factor on the brightness, black rectangle (x, y, width, height, pixels), force and torque. */
  readonly light: number;
  readonly occlude: readonly number[] | null;
  readonly wrench: readonly number[];
}

export interface Observation {
  /** Counts observations of one run from 0. */
  readonly tick: number;
  /** True where an episode begins: a policy with memory starts again. The first observation always begins one. */
  readonly first?: boolean;
  /** Observations that were left out between the last one and this one, for lack of time; default 0. */
  readonly skipped?: number;
  /** Acquisition time of the image, nanoseconds. */
  readonly stamp: bigint;
  /** One image for each image modality, by modality name. */
  readonly images: Readonly<Record<string, Image>>;
  /** The camera's whole image, by image modality, where it differs from the one in `images`; for display. */
  readonly cameras?: Readonly<Record<string, CameraView>>;
  /** Elements of every other modality, by modality name, in the policy card's order and SI units. */
  readonly values: Readonly<Record<string, Float64Array>>;
  /** What the robot is told to do, in words, for a policy with language. */
  readonly instruction?: string;
  /** Joint names, positions (rad or m) and velocities (rad/s or m/s) of the source. */
  readonly joints: {
    readonly names: readonly string[];
    readonly position: Float64Array;
    readonly velocity: Float64Array;
  };
  /**
   * Importance factor α of each torque, Σα = J (Kim & Choi §III-A); all ones where the dynamics are not known. Empty: 1 for
   * each, of actions 1 for the one that is taken.
   */
  readonly importance: Float64Array;
  readonly flags: readonly ObservationFlag[];
  /** Link poses to show in a 3D view; empty where the source has none. */
  readonly transforms: readonly Transform[];
  /** Of a simulation. */
  readonly simulation?: SimulationState;
}
