import type { McapWriter } from "@mcap/core";
import type { Explanation } from "../explain/explanation.js";
import type { Sink } from "../explain/pipeline.js";
import { encoderOf } from "../messages/cdr.js";
import type { ChannelEncoder } from "../messages/channel-encoder.js";
import type { Channel } from "../messages/channels.js";
import { QOS } from "../messages/qos.js";
import { OUTCOME_TOPIC } from "../outcome/outcome.js";
import type { Compression } from "./compression.js";
import { factsOf, registerChannel, startWriter } from "./mcap-writer.js";
import { PartFile } from "./part-file.js";

export interface McapOptions {
  readonly encoder: ChannelEncoder;
  /** Of a second explanation of the same ticks (`writeCompared`). */
  readonly compared?: ChannelEncoder | undefined;
  /**
   * Metadata records by name, such as `torquelens.policy` with the policy card's text.
   * The record `torquelens` (method, policy hash, convention) is written from the first explanation.
   */
  readonly metadata?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Default zstd. */
  readonly compression?: Compression;
}

const OUTCOME_CHANNEL = { topic: OUTCOME_TOPIC, type: "std_msgs/msg/String", qos: QOS.reliable } as const;
const encodeText = encoderOf(OUTCOME_CHANNEL.type);

/**
 * Records the channels to an MCAP file with the layout of rosbag2: profile `ros2`, CDR messages, `ros2msg` schemas,
 * offered QoS and type hash of each channel. Log and publish time are the image's stamp. Drops nothing: `write` returns
 * when the tick is in the file's chunk. The file gets its final name in `close` (see `PartFile`).
 */
export class McapSink implements Sink {
  readonly path: string;
  /** Name of the file until `close`, and of what a killed run leaves. */
  readonly partPath: string;
  readonly #file: PartFile;
  readonly #writer: McapWriter;
  readonly #encoder: ChannelEncoder;
  readonly #compared: ChannelEncoder | undefined;
  readonly #metadata: NonNullable<McapOptions["metadata"]>;
  readonly #ids = new Map<Channel, number>();
  readonly #counts = new Map<Channel, number>();
  #state: "empty" | "recording" | "broken" | "closed" = "empty";
  #outcomeId: number | undefined;
  /** Texts that follow the newest tick, and its stamp. */
  #outcomes: string[] = [];
  #stamp = 0n;
  #outcomesWritten = 0;

  /**
   * Opens the file and writes its header.
   * @throws InputError where it cannot be written there.
   */
  static async create(path: string, options: McapOptions): Promise<McapSink> {
    const file = await PartFile.create(path);
    return new McapSink(file, await startWriter(file, options.compression), options);
  }

  private constructor(file: PartFile, writer: McapWriter, { encoder, compared, metadata = {} }: McapOptions) {
    this.path = file.path;
    this.partPath = file.partPath;
    this.#file = file;
    this.#writer = writer;
    this.#encoder = encoder;
    this.#compared = compared;
    this.#metadata = metadata;
  }

  /** Await each call of this class before the next. */
  write(explanation: Explanation): Promise<void> {
    return this.#write(explanation, this.#encoder);
  }

  /**
   * Writes the second explanation of a tick that was written, on the channels of the encoder `compared`. A file has these
   * channels only where there was one.
   */
  async writeCompared(explanation: Explanation): Promise<void> {
    if (!this.#compared) throw new Error("there is no encoder for a second explanation");
    await this.#write(explanation, this.#compared);
  }

  /** Writes the outcome of the run that the newest tick ended, as `parseOutcome` reads it. */
  ended(outcome: string): void {
    this.#outcomes.push(outcome);
  }

  async #write(explanation: Explanation, encoder: ChannelEncoder): Promise<void> {
    try {
      await this.#writeOutcomes();
      this.#stamp = explanation.observation.stamp;
      if (this.#state === "empty") {
        this.#state = "recording";
        await this.#begin(explanation);
      }
      for (const channel of recordedBy(encoder)) {
        if (!this.#ids.has(channel)) await this.#register(encoder);
        const data = await encoder.encode(channel, explanation);
        if (data) await this.#add(channel, explanation.observation.stamp, data);
      }
    } catch (error) {
      this.#state = "broken";
      throw error;
    }
  }

  /**
   * Writes index and statistics and gives the file its name. After a failed write the unfinished file stays under its
   * part name. Where nothing was written there is no file, and an older one of that name stays.
   */
  async close(): Promise<void> {
    const before = this.#state;
    if (before === "closed") return;
    this.#state = "closed";
    if (before === "broken") return this.#file.abandon();
    if (before === "empty") return this.#file.discard();
    try {
      await this.#writeOutcomes();
      await this.#writer.end();
    } catch (error) {
      await this.#file.abandon();
      throw error;
    }
    await this.#file.finish();
  }

  async #begin(explanation: Explanation): Promise<void> {
    await this.#register(this.#encoder);
    const records = { torquelens: factsOf(explanation), ...this.#metadata };
    for (const [name, record] of Object.entries(records)) {
      await this.#writer.addMetadata({ name, metadata: new Map(Object.entries(record)) });
    }
    for (const channel of recordedBy(this.#encoder)) {
      const data = this.#encoder.encodeLatched(channel);
      if (data) await this.#add(channel, explanation.observation.stamp, data);
    }
  }

  async #writeOutcomes(): Promise<void> {
    const texts = this.#state === "empty" ? [] : this.#outcomes;
    this.#outcomes = [];
    for (const data of texts) {
      this.#outcomeId ??= await registerChannel(this.#writer, OUTCOME_CHANNEL);
      const message = { channelId: this.#outcomeId, sequence: this.#outcomesWritten++, data: encodeText({ data }) };
      await this.#writer.addMessage({ ...message, logTime: this.#stamp, publishTime: this.#stamp });
    }
  }

  async #register(encoder: ChannelEncoder): Promise<void> {
    for (const channel of recordedBy(encoder)) this.#ids.set(channel, await registerChannel(this.#writer, channel));
  }

  async #add(channel: Channel, stamp: bigint, data: Uint8Array): Promise<void> {
    const sequence = this.#counts.get(channel) ?? 0;
    this.#counts.set(channel, sequence + 1);
    const channelId = this.#ids.get(channel)!;
    await this.#writer.addMessage({ channelId, sequence, logTime: stamp, publishTime: stamp, data });
  }
}

const recordedBy = ({ channels }: ChannelEncoder): Channel[] => channels.filter(({ recorded }) => recorded);
