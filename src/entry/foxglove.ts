export type { Controls, ParameterControls, RequestFields, ServiceControl } from "../foxglove/controls.js";
export { type FoxgloveOptions, FoxgloveSink, type FoxgloveStats } from "../foxglove/foxglove-sink.js";
export { ChannelEncoder } from "../messages/channel-encoder.js";
export { Parameters } from "../parameters/parameters.js";
export type { Spec, Table, Value } from "../parameters/spec.js";
