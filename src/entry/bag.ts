export type { Bag, BagRecord, Selection, Topic } from "../bag/bag.js";
export { type BagEvent, BagSource, type BagSourceOptions } from "../bag/bag-source.js";
export { COMPRESSIONS, type Compression } from "../bag/compression.js";
export type { Input, NamedTopics } from "../bag/inputs.js";
export { type McapOptions, McapSink } from "../bag/mcap-sink.js";
export { MessageFolders } from "../bag/message-folders.js";
export { openBag, openBags } from "../bag/open-bag.js";
export { recoverRecording } from "../bag/recover.js";
export { ChannelEncoder } from "../messages/channel-encoder.js";
