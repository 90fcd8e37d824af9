/**
 * One synchronised policy input: what every source (ROS 2, bag, simulation) yields and all the explainer sees.
 */

/** Pixel formats named as in sensor_msgs/image_encodings. `16UC1`, depth most often, is little-endian. */
export type ImageEncoding = "rgb8" | "bgr8" | "rgba8" | "bgra8" | "mono8" | "16UC1";

/** A camera image, row-major, rows without padding. `data` has height × width × channels bytes, twice that for 16UC1. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly encoding: ImageEncoding;
  readonly data: Uint8Array;
  /** Optical frame of the camera. */
  readonly frameId: string;
  /** How the camera sees, for this image as it is: resized and cropped along with it. Absent where it is not known. */
  readonly optics?: Optics;
}

/** A camera's calibration in the terms and layouts of sensor_msgs/CameraInfo, pixels; pixel centres at whole numbers. */
export interface Optics {
  /** `plumb_bob`, `rational_polynomial`, `equidistant`, …; empty where the camera is not calibrated. */
  readonly distortionModel: string;
  /** Coefficients of the distortion model. */
  readonly distortion: Float64Array;
  /** K, row-major [3 × 3]. */
  readonly intrinsics: Float64Array;
  /** R, row-major [3 × 3]. */
  readonly rectification: Float64Array;
  /** P, row-major [3 × 4]. */
  readonly projection: Float64Array;
}

/** What a camera took where the policy saw another image of it: a part, or another size. */
export interface CameraView {
  /** The camera's whole image. */
  readonly image: Image;
  /** The part of it that became the policy's image, in pixels of `image`. */
  readonly region: readonly [x: number, y: number, width: number, height: number];
}

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
  | "velocity_differentiated";

export interface Observation {
  /** Counts observations of one run from 0. */
  readonly tick: number;
  /** Whether an episode begins: a policy with memory starts anew. The first observation begins one in any case. */
  readonly first?: boolean;
  /** Acquisition time of the image, nanoseconds. */
  readonly stamp: bigint;
  /** One image for each image modality, by modality name. */
  readonly images: Readonly<Record<string, Image>>;
  /** The camera's own image, by image modality, only where it differs from the one in `images`; for display. */
  readonly cameras?: Readonly<Record<string, CameraView>>;
  /** Elements of every other modality, by modality name, in the policy card's order and SI units. */
  readonly values: Readonly<Record<string, Float64Array>>;
  /** Joint names, positions (rad or m) and velocities (rad/s or m/s) as the source knows them. */
  readonly joints: {
    readonly names: readonly string[];
    readonly position: Float64Array;
    readonly velocity: Float64Array;
  };
  /** Importance factor α of each torque, Σα = J; all ones where no dynamics is known (001 §III-A). */
  readonly importance: Float64Array;
  readonly flags: readonly ObservationFlag[];
  /** Link poses to show in a 3D view; empty where the source has none. */
  readonly transforms: readonly Transform[];
}
