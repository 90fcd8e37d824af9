/**
 * ROS 2 messages as plain objects, fields named as in their definitions.
 * Typed arrays have the field's own element type and start at offset 0 of their buffer, so that any ROS 2 client
 * library can use them unchanged.
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

/** geometry_msgs/msg/Vector3, and Point */
export interface Vector3 {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** geometry_msgs/msg/Quaternion */
export interface Quaternion extends Vector3 {
  readonly w: number;
}

/** geometry_msgs/msg/Pose */
export interface Pose {
  readonly position: Vector3;
  readonly orientation: Quaternion;
}

/** geometry_msgs/msg/TransformStamped */
export interface TransformStamped {
  readonly header: Header;
  readonly child_frame_id: string;
  readonly transform: {
    readonly translation: Vector3;
    readonly rotation: Quaternion;
  };
}

/** tf2_msgs/msg/TFMessage */
export interface TfMessage {
  readonly transforms: TransformStamped[];
}

/** std_msgs/msg/ColorRGBA */
export interface ColorRgba {
  readonly r: number;
  readonly g: number;
  readonly b: number;
  readonly a: number;
}

/** visualization_msgs/msg/Marker */
export interface MarkerMessage {
  readonly header: Header;
  readonly ns: string;
  readonly id: number;
  readonly type: number;
  readonly action: number;
  readonly pose: Pose;
  readonly scale: Vector3;
  readonly color: ColorRgba;
  readonly lifetime: Time;
  readonly frame_locked: boolean;
  readonly points: Vector3[];
  readonly colors: ColorRgba[];
  readonly texture_resource: string;
  readonly texture: CompressedImageMessage;
  readonly uv_coordinates: { readonly u: number; readonly v: number }[];
  readonly text: string;
  readonly mesh_resource: string;
  readonly mesh_file: { readonly filename: string; readonly data: Uint8Array };
  readonly mesh_use_embedded_materials: boolean;
}

/** visualization_msgs/msg/MarkerArray */
export interface MarkerArrayMessage {
  readonly markers: MarkerMessage[];
}

/** std_msgs/msg/Float64MultiArray */
export interface Float64MultiArrayMessage {
  readonly layout: {
    readonly dim: { readonly label: string; readonly size: number; readonly stride: number }[];
    readonly data_offset: number;
  };
  readonly data: Float64Array;
}

/** diagnostic_msgs/msg/DiagnosticStatus */
export interface DiagnosticStatusMessage {
  /** 0 OK, 1 WARN, 2 ERROR, 3 STALE. */
  readonly level: number;
  readonly name: string;
  readonly message: string;
  readonly hardware_id: string;
  readonly values: { readonly key: string; readonly value: string }[];
}

/** diagnostic_msgs/msg/DiagnosticArray */
export interface DiagnosticArrayMessage {
  readonly header: Header;
  readonly status: DiagnosticStatusMessage[];
}

/** torquelens/msg/TorqueRelevance; see `msg/TorqueRelevance.msg` */
export interface TorqueRelevanceMessage {
  readonly joint: string;
  readonly torque: number;
  readonly importance: number;
  readonly shares: Float32Array;
  readonly relevance: Float32Array;
  /** Absent in recordings of version 0.1, where all are torques in N·m. */
  readonly kind?: string;
  readonly unit?: string;
  readonly measured_from?: string;
  /** NaN where it is no action. Recordings of earlier versions lack it. */
  readonly probability?: number;
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
  /** Recordings of earlier versions lack it: nothing was omitted. */
  readonly omitted?: number;
  readonly modalities: string[];
  readonly references: string[];
  readonly feature_points: string;
  readonly shares: Float32Array;
  readonly heatmap_joint: string;
  /** Recordings of earlier versions lack it. */
  readonly contrast_joint?: string;
  readonly against_joint?: string;
  /** Empty where the outputs are no actions. */
  readonly chosen_action?: string;
  readonly element_offsets: Uint32Array;
  readonly relevance: Float32Array;
  readonly heatmap_peak: Float32Array;
  readonly feature_point_offsets: Uint32Array;
  readonly feature_point_x: Float32Array;
  readonly feature_point_y: Float32Array;
  /** Recordings of earlier versions lack attention. */
  readonly attention_offsets?: Uint32Array;
  readonly attention_queries?: string[];
  readonly attention_peak?: Float32Array;
  /** Recordings of earlier versions lack instructions; empty of a policy without language. */
  readonly instruction?: string;
  readonly instruction_modality?: string;
  readonly instruction_tokens?: string[];
  readonly unknown_words?: string[];
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

/** torquelens/msg/Simulation; see `msg/Simulation.msg` */
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
