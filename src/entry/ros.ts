export type { Command } from "../explain/torque-command.js";
export type { InputCounts, OutputCounts } from "../health/facts.js";
export { ChannelEncoder } from "../messages/channel-encoder.js";
export { type NodeOptions, openNode } from "../ros/client/rclnodejs.js";
export type {
  Answer,
  Endpoint,
  Fields,
  OwnService,
  Publisher,
  RosNode,
  Severity,
  Subscription,
  Take,
} from "../ros/client/ros.js";
export { Commander, type CommanderOptions } from "../ros/explain/commander.js";
export { Inputs, type InputsOptions } from "../ros/explain/inputs.js";
export { RosSink, type RosSinkOptions } from "../ros/explain/ros-sink.js";
export { RosSource } from "../ros/explain/ros-source.js";
export { type End, QosOverrides } from "../ros/parameters/qos-overrides.js";
export type { Counters, DropReason, TopicCounters } from "../sensing/counters.js";
export type { Given, GivenValues } from "../sensing/given-values.js";
export type { Match } from "../sensing/match.js";
export { Observer } from "../sensing/observer.js";
export type { ObserverOptions } from "../sensing/observer-options.js";
export type { CameraMessage } from "../sensing/observing.js";
export type { SyncOptions } from "../sensing/sync-options.js";
export { SYNC_POLICIES, type SyncPolicy } from "../sensing/timeline.js";
