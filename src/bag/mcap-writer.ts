import zstd from "@foxglove/wasm-zstd";
import { McapWriter } from "@mcap/core";
import type { Explanation } from "../explain/explanation.js";
import type { Channel } from "../messages/channels.js";
import { messageType } from "../messages/definitions.js";
import { offeredQosProfiles } from "../messages/qos.js";
import { typeHash } from "../messages/type-hash.js";
import { packageMetadata } from "../package-files.js";
import type { Compression } from "./compression.js";
import type { PartFile } from "./part-file.js";

/** Size of a chunk, bytes. A killed process loses at most one chunk and one message. */
const CHUNK_SIZE = 256 * 1024;
const COMPRESSION_LEVEL = 1;

/** The version of this package. */
export const { version } = packageMetadata();

/** Starts a writer and writes the header. */
export async function startWriter(file: PartFile, compression: Compression = "zstd"): Promise<McapWriter> {
  await zstd.isLoaded;
  const compressChunk = (data: Uint8Array) => ({ compression, compressedData: zstd.compress(data, COMPRESSION_LEVEL) });
  const writer = new McapWriter({
    writable: file,
    chunkSize: CHUNK_SIZE,
    ...(compression === "zstd" && { compressChunk }),
  });
  await writer.start({ profile: "ros2", library: `torquelens ${version}` });
  return writer;
}

/** Registers a channel with its schema, offered QoS and type hash. Returns its number in the file. */
export async function registerChannel(
  writer: McapWriter,
  channel: Pick<Channel, "topic" | "type" | "qos">,
): Promise<number> {
  const { topic, type: name } = channel;
  const data = new TextEncoder().encode(messageType(name).schema);
  const schemaId = await writer.registerSchema({ name, encoding: "ros2msg", data });
  return writer.registerChannel({ schemaId, topic, messageEncoding: "cdr", metadata: channelMetadata(channel) });
}

/** rosbag2's metadata of a channel. */
export const channelMetadata = ({ type, qos }: Pick<Channel, "type" | "qos">): Map<string, string> =>
  new Map([
    ["offered_qos_profiles", offeredQosProfiles(qos)],
    ["topic_type_hash", typeHash(messageType(type))],
  ]);

/** Facts about the whole recording: method, policy and convention of the explanations. */
export function factsOf({ method, policySha256, convention, modalities, joints }: Explanation): Record<string, string> {
  return {
    version,
    method,
    policy_sha256: policySha256,
    modalities: modalities.join(","),
    joints: joints.join(","),
    feature_points: convention.featurePoints,
    ...Object.fromEntries(Object.entries(convention.reference).map(([name, value]) => [`reference.${name}`, value])),
  };
}
