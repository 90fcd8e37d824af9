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

export interface Observation {
  /** Counts observations of one run from 0. */
  readonly tick: number;
  /** True where an episode begins: a policy with memory starts again. The first observation always begins one. */
  readonly first?: boolean;
  /** Acquisition time of the image, nanoseconds. */
  readonly stamp: bigint;
  /** One image for each image modality, by modality name. */
  readonly images: Readonly<Record<string, Image>>;
  /** The camera's whole image, by image modality, where it differs from the one in `images`; for display. */
  readonly cameras?: Readonly<Record<string, CameraView>>;
  /** Elements of every other modality, by modality name, in the policy card's order and SI units. */
  readonly values: Readonly<Record<string, Float64Array>>;
  /** Joint names, positions (rad or m) and velocities (rad/s or m/s) of the source. */
  readonly joints: {
    readonly names: readonly string[];
    readonly position: Float64Array;
    readonly velocity: Float64Array;
  };
  /** Importance factor α of each torque, Σα = J (Kim & Choi §III-A); empty or all ones where the dynamics are not known. */
  readonly importance: Float64Array;
  readonly flags: readonly ObservationFlag[];
  /** Link poses to show in a 3D view; empty where the source has none. */
  readonly transforms: readonly Transform[];
}
