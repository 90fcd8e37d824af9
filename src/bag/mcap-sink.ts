import zstd from "@foxglove/wasm-zstd";
import { McapWriter } from "@mcap/core";
import type { Explanation } from "../explain/explanation.js";
import type { Sink } from "../explain/pipeline.js";
import type { ChannelEncoder } from "../messages/channel-encoder.js";
import type { Channel } from "../messages/channels.js";
import { messageType } from "../messages/definitions.js";
import { offeredQosProfiles } from "../messages/qos.js";
import { typeHash } from "../messages/type-hash.js";
import { packageMetadata } from "../package-files.js";
import type { Compression } from "./compression.js";
import { PartFile } from "./part-file.js";

export interface McapOptions {
  readonly encoder: ChannelEncoder;
  /**
   * Metadata records by name, such as `torquelens.policy` with the policy card's text.
   * The record `torquelens` (method, policy hash, convention) is written from the first explanation.
   */
  readonly metadata?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Default zstd. */
  readonly compression?: Compression;
}

/** A chunk is written when it holds this many bytes: what a killed process loses at most, but for one message. */
const CHUNK_SIZE = 256 * 1024;
const COMPRESSION_LEVEL = 1;

/** The version of this package. */
export const { version } = packageMetadata();

/**
 * Records the channels to an MCAP file as rosbag2 lays it out: profile `ros2`, CDR messages, `ros2msg` schemas, offered
 * QoS and type hash of each channel. Log and publish time are the image's stamp. Nothing is dropped: `write` returns
 * when the tick is in the file's chunk. The file has its final name once `close` is through (see `PartFile`).
 */
export class McapSink implements Sink {
  readonly path: string;
  /** The file's name until `close`; what remains of a killed run. */
  readonly partPath: string;
  readonly #file: PartFile;
  readonly #writer: McapWriter;
  readonly #encoder: ChannelEncoder;
  readonly #channels: readonly Channel[];
  readonly #metadata: NonNullable<McapOptions["metadata"]>;
  readonly #ids = new Map<Channel, number>();
  readonly #counts = new Map<Channel, number>();
  #state: "empty" | "recording" | "broken" | "closed" = "empty";

  /**
   * Opens the file and writes its header.
   * @throws InputError where it cannot be written there.
   */
  static async create(path: string, options: McapOptions): Promise<McapSink> {
    const file = await PartFile.create(path);
    return new McapSink(file, await startWriter(file, options.compression), options);
  }

  private constructor(file: PartFile, writer: McapWriter, { encoder, metadata = {} }: McapOptions) {
    this.path = file.path;
    this.partPath = file.partPath;
    this.#file = file;
    this.#writer = writer;
    this.#encoder = encoder;
    this.#channels = encoder.channels.filter(({ recorded }) => recorded);
    this.#metadata = metadata;
  }

  /** Calls must be awaited one at a time. */
  async write(explanation: Explanation): Promise<void> {
    try {
      if (this.#state === "empty") {
        this.#state = "recording";
        await this.#begin(explanation);
      }
      for (const channel of this.#channels) {
        const data = await this.#encoder.encode(channel, explanation);
        if (data) await this.#add(channel, explanation.observation.stamp, data);
      }
    } catch (error) {
      this.#state = "broken";
      throw error;
    }
  }

  /**
   * Writes index and statistics and gives the file its name. After a failed write the unfinished file stays as it is;
   * where nothing was written there is no file, and an older one of that name stays.
   */
  async close(): Promise<void> {
    const before = this.#state;
    if (before === "closed") return;
    this.#state = "closed";
    if (before === "broken") return this.#file.abandon();
    if (before === "empty") return this.#file.discard();
    try {
      await this.#writer.end();
    } catch (error) {
      await this.#file.abandon();
      throw error;
    }
    await this.#file.finish();
  }

  async #begin(explanation: Explanation): Promise<void> {
    for (const channel of this.#channels) this.#ids.set(channel, await registerChannel(this.#writer, channel));
    const records = { torquelens: factsOf(explanation), ...this.#metadata };
    for (const [name, record] of Object.entries(records)) {
      await this.#writer.addMetadata({ name, metadata: new Map(Object.entries(record)) });
    }
    for (const channel of this.#channels) {
      const data = this.#encoder.encodeLatched(channel);
      if (data) await this.#add(channel, explanation.observation.stamp, data);
    }
  }

  async #add(channel: Channel, stamp: bigint, data: Uint8Array): Promise<void> {
    const sequence = this.#counts.get(channel) ?? 0;
    this.#counts.set(channel, sequence + 1);
    const channelId = this.#ids.get(channel)!;
    await this.#writer.addMessage({ channelId, sequence, logTime: stamp, publishTime: stamp, data });
  }
}

/** A writer of chunks whose header is written. */
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

/** Registers a channel with its schema, offered QoS and type hash; returns its number in the file. */
export async function registerChannel(writer: McapWriter, channel: Channel): Promise<number> {
  const { topic, type: name } = channel;
  const data = new TextEncoder().encode(messageType(name).schema);
  const schemaId = await writer.registerSchema({ name, encoding: "ros2msg", data });
  return writer.registerChannel({ schemaId, topic, messageEncoding: "cdr", metadata: channelMetadata(channel) });
}

/** What rosbag2 keeps of a channel. */
export const channelMetadata = ({ type, qos }: Channel): Map<string, string> =>
  new Map([
    ["offered_qos_profiles", offeredQosProfiles(qos)],
    ["topic_type_hash", typeHash(messageType(type))],
  ]);

/** What holds for the whole recording: what explained, and against what. */
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
