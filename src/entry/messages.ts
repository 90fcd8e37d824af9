export { ChannelEncoder, type Encoded } from "../messages/channel-encoder.js";
export type { Channel, ChannelOptions, Converted, Look } from "../messages/channels.js";
export type { DisplayOptions } from "../messages/display.js";
export type { Qos } from "../messages/qos.js";
export type {
  CameraInfoMessage,
  CompressedImageMessage,
  ExplanationMessage,
  Float64MultiArrayMessage,
  Header,
  ImageMessage,
  JointStateMessage,
  Quaternion,
  TfMessage,
  Time,
  TorqueRelevanceMessage,
  TransformStamped,
  Vector3,
} from "../messages/types.js";
