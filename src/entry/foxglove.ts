export { type FoxgloveOptions, FoxgloveSink, type FoxgloveStats } from "../foxglove/foxglove-sink.js";
export { ChannelEncoder } from "../messages/channel-encoder.js";
