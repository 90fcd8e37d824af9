/** The messages that the page reads, as `rosmsg2-serialization` gives them: the fields of `msg/` and of ROS 2. */

export interface Time {
  readonly sec: number;
  readonly nanosec: number;
}

export interface Header {
  readonly stamp: Time;
  readonly frame_id: string;
}

export interface TorqueRelevance {
  readonly joint: string;
  /** N·m. */
  readonly torque: number;
  readonly importance: number;
  /** [M]. */
  readonly shares: Float32Array;
  /** [elements], N·m, not weighted by importance. */
  readonly relevance: Float32Array;
}

/** torquelens/msg/Explanation. M modalities. */
export interface ExplanationMessage {
  readonly header: Header;
  readonly tick: bigint;
  readonly method: string;
  readonly level: number;
  readonly flags: readonly string[];
  readonly latency_ms: number;
  readonly conservation_residual: number;
  readonly modalities: readonly string[];
  readonly references: readonly string[];
  /** [M]. */
  readonly shares: Float32Array;
  readonly heatmap_joint: string;
  /** [M + 1]. */
  readonly element_offsets: Uint32Array;
  /** [elements], N·m. */
  readonly relevance: Float32Array;
  /** [M], N·m per pixel. */
  readonly heatmap_peak: Float32Array;
  /** [M + 1]. */
  readonly feature_point_offsets: Uint32Array;
  readonly feature_point_x: Float32Array;
  readonly feature_point_y: Float32Array;
  readonly torques: readonly TorqueRelevance[];
}

/** sensor_msgs/msg/Image. */
export interface ImageMessage {
  readonly header: Header;
  readonly height: number;
  readonly width: number;
  readonly encoding: string;
  readonly is_bigendian: number;
  readonly step: number;
  readonly data: Uint8Array;
}

/** sensor_msgs/msg/CompressedImage. */
export interface CompressedImageMessage {
  readonly header: Header;
  readonly format: string;
  readonly data: Uint8Array;
}

/** sensor_msgs/msg/CameraInfo. */
export interface CameraInfoMessage {
  readonly header: Header;
  readonly width: number;
  readonly height: number;
  /** [9], row by row. */
  readonly k: Float64Array;
}

/** tf2_msgs/msg/TFMessage. */
export interface TfMessage {
  readonly transforms: readonly {
    readonly header: Header;
    readonly child_frame_id: string;
    readonly transform: {
      readonly translation: { readonly x: number; readonly y: number; readonly z: number };
      readonly rotation: { readonly x: number; readonly y: number; readonly z: number; readonly w: number };
    };
  }[];
}

/** sensor_msgs/msg/JointState. */
export interface JointStateMessage {
  readonly header: Header;
  readonly name: readonly string[];
  readonly position: Float64Array;
  readonly velocity: Float64Array;
}

/** diagnostic_msgs/msg/DiagnosticArray. */
export interface DiagnosticsMessage {
  readonly header: Header;
  readonly status: readonly {
    /** 0 OK, 1 warning, 2 error, 3 stale. */
    readonly level: number;
    readonly name: string;
    readonly message: string;
    readonly values: readonly { readonly key: string; readonly value: string }[];
  }[];
}

/** torquelens/msg/Simulation. */
export interface SimulationMessage {
  readonly header: Header;
  readonly task: string;
  readonly condition: string;
  readonly episode: number;
  readonly episode_tick: number;
  readonly episode_ticks: number;
  readonly paused: boolean;
  readonly speed: number;
  readonly goal: Float64Array;
  readonly tip_link: string;
  readonly progress: number;
  readonly error: number;
  readonly success: boolean;
  readonly light: number;
  readonly occlude: Uint32Array;
  readonly wrench: Float64Array;
}

export const nanoseconds = ({ sec, nanosec }: Time): bigint => BigInt(sec) * 1_000_000_000n + BigInt(nanosec);
