/**
 * ROS 2 messages as plain objects, fields named as in their definitions.
 * Typed arrays have the field's own element type and start at offset 0 of their buffer, so that any ROS 2 client
 * library may take them as they are.
 */
export interface Time {
  readonly sec: number;
  readonly nanosec: number;
}

/** std_msgs/msg/Header */
export interface Header {
  readonly stamp: Time;
  readonly frame_id: string;
}

/** std_msgs/msg/String */
export interface StringMessage {
  readonly data: string;
}

/** sensor_msgs/msg/Image */
export interface ImageMessage {
  readonly header: Header;
  readonly height: number;
  readonly width: number;
  readonly encoding: string;
  readonly is_bigendian: number;
  readonly step: number;
  readonly data: Uint8Array;
}

/** sensor_msgs/msg/CompressedImage */
export interface CompressedImageMessage {
  readonly header: Header;
  readonly format: string;
  readonly data: Uint8Array;
}

/** sensor_msgs/msg/CameraInfo */
export interface CameraInfoMessage {
  readonly header: Header;
  readonly height: number;
  readonly width: number;
  readonly distortion_model: string;
  readonly d: Float64Array;
  readonly k: Float64Array;
  readonly r: Float64Array;
  readonly p: Float64Array;
  readonly binning_x: number;
  readonly binning_y: number;
  readonly roi: {
    readonly x_offset: number;
    readonly y_offset: number;
    readonly height: number;
    readonly width: number;
    readonly do_rectify: boolean;
  };
}

/** sensor_msgs/msg/JointState */
export interface JointStateMessage {
  readonly header: Header;
  readonly name: string[];
  readonly position: Float64Array;
  readonly velocity: Float64Array;
  readonly effort: Float64Array;
}

/** geometry_msgs/msg/TransformStamped */
export interface TransformStamped {
  readonly header: Header;
  readonly child_frame_id: string;
  readonly transform: {
    readonly translation: { readonly x: number; readonly y: number; readonly z: number };
    readonly rotation: { readonly x: number; readonly y: number; readonly z: number; readonly w: number };
  };
}

/** tf2_msgs/msg/TFMessage */
export interface TfMessage {
  readonly transforms: TransformStamped[];
}

/** torquelens/msg/TorqueRelevance; see `msg/TorqueRelevance.msg` */
export interface TorqueRelevanceMessage {
  readonly joint: string;
  readonly torque: number;
  readonly importance: number;
  readonly shares: Float32Array;
  readonly relevance: Float32Array;
}

/** torquelens/msg/Explanation; see `msg/Explanation.msg` */
export interface ExplanationMessage {
  readonly header: Header;
  readonly tick: bigint;
  readonly method: string;
  readonly policy_sha256: string;
  readonly level: number;
  readonly flags: string[];
  readonly latency_ms: number;
  readonly conservation_residual: number;
  readonly modalities: string[];
  readonly references: string[];
  readonly feature_points: string;
  readonly shares: Float32Array;
  readonly element_offsets: Uint32Array;
  readonly relevance: Float32Array;
  readonly heatmap_peak: Float32Array;
  readonly torques: TorqueRelevanceMessage[];
}

/** torquelens/msg/RelevanceRatios; see `msg/RelevanceRatios.msg` */
export interface RelevanceRatiosMessage {
  readonly header: Header;
  readonly image: number;
  readonly position: number;
  readonly velocity: number;
  readonly configuration: number;
  readonly weighted_torque: number;
  readonly conservation_residual: number;
  readonly latency_ms: number;
}
