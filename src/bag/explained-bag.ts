import type { McapWriter } from "@mcap/core";
import type { Explanation } from "../explain/explanation.js";
import type { ChannelEncoder } from "../messages/channel-encoder.js";
import type { Channel } from "../messages/channels.js";
import { messageType } from "../messages/definitions.js";
import { type BagRecord, keyOf, type Topic } from "./bag.js";
import type { McapOptions } from "./mcap-sink.js";
import { channelMetadata, factsOf, registerChannel, startWriter } from "./mcap-writer.js";
import { PartFile } from "./part-file.js";

/** Prefix of the topics of an explanation; a recording's own topics with it are replaced, not copied. */
export const OWN_TOPICS = "/torquelens/";

/** A channel of the file and the number of its messages. */
export interface Written {
  readonly id: number;
  readonly topic: Pick<Topic, "name" | "type" | "encoding" | "metadata">;
  count: number;
}

export interface Contents {
  readonly written: readonly Written[];
  /** Log times of the first and the last message, nanoseconds. */
  readonly start: bigint;
  readonly end: bigint;
  /** Metadata records of the file, by name. */
  readonly records: NonNullable<McapOptions["metadata"]>;
}

/** The explanation without its latency, so that the same policy, bag and version give the same file. */
export function timeless(explanation: Explanation): Explanation {
  const flags = explanation.flags.filter((flag) => flag !== "deadline_missed");
  return { ...explanation, latencyMs: Number.NaN, flags };
}

/**
 * An MCAP file of a recording and its explanation: copied messages and the topics of the explaining node, in the order
 * of the calls. The file gets its name in `close` (see `PartFile`).
 */
export class ExplainedBag {
  readonly path: string;
  /** Name of the file until `close`, and of what an interrupted run leaves. */
  readonly partPath: string;
  readonly #channels: readonly Channel[];
  readonly #own = new Map<Channel, Written>();
  readonly #copied = new Map<string, Written>();
  readonly #schemas = new Map<string, number>();
  #records: NonNullable<McapOptions["metadata"]> = {};
  #explained = 0;

  private constructor(
    private readonly file: PartFile,
    private readonly writer: McapWriter,
    private readonly encoder: ChannelEncoder,
    private readonly metadata: NonNullable<McapOptions["metadata"]>,
  ) {
    this.path = file.path;
    this.partPath = file.partPath;
    this.#channels = encoder.channels.filter(({ origin, recorded }) => origin === "explanation" && recorded);
  }

  /** Opens the file and writes its header. @throws InputError where it cannot be written there */
  static async create(path: string, { encoder, metadata = {}, compression }: McapOptions): Promise<ExplainedBag> {
    const file = await PartFile.create(path);
    return new ExplainedBag(file, await startWriter(file, compression), encoder, metadata);
  }

  /** Contents of the file so far, by channel, and its span of log times. */
  contents(): Contents {
    const written = [...this.#copied.values(), ...this.#own.values()].filter(({ count }) => count > 0);
    const { messageStartTime: start = 0n, messageEndTime: end = 0n } = this.writer.statistics ?? {};
    return { written, start, end, records: this.#records };
  }

  /** Number of explanations so far. */
  get explained(): number {
    return this.#explained;
  }

  /** Writes a message of the recording with its payload unchanged. Await each call of this class before the next. */
  async copy({ topic, logTime, publishTime, data }: BagRecord): Promise<void> {
    const key = keyOf(topic);
    let written = this.#copied.get(key);
    if (!written) {
      written = { id: await this.#register(topic), topic, count: 0 };
      this.#copied.set(key, written);
    }
    await this.writer.addMessage({ channelId: written.id, sequence: written.count++, logTime, publishTime, data });
  }

  /**
   * Writes the node's messages.
   * @param logTime log time of the message that completed the observation, nanoseconds
   * @returns the explanation as written: without its latency
   */
  async explain(explanation: Explanation, logTime: bigint): Promise<Explanation> {
    if (this.#explained++ === 0) await this.#begin(factsOf(explanation));
    const shown = timeless(explanation);
    for (const channel of this.#channels) await this.#add(channel, logTime, await this.encoder.encode(channel, shown));
    return shown;
  }

  /**
   * Writes the messages that an earlier run made for an observation, by topic.
   * @param facts the record `torquelens` of that run
   */
  async repeat(
    messages: ReadonlyMap<string, Uint8Array>,
    logTime: bigint,
    facts: Readonly<Record<string, string>>,
  ): Promise<void> {
    if (this.#explained++ === 0) await this.#begin(facts);
    for (const channel of this.#channels) await this.#add(channel, logTime, messages.get(channel.topic));
  }

  /** Writes index and statistics and gives the file its name. */
  async close(): Promise<void> {
    try {
      await this.writer.end();
    } catch (error) {
      await this.file.abandon();
      throw error;
    }
    await this.file.finish();
  }

  /** Leaves the file unfinished under its part name; its complete messages can be recovered. */
  abandon(): Promise<void> {
    return this.file.abandon();
  }

  /** Removes the file. */
  discard(): Promise<void> {
    return this.file.discard();
  }

  async #add(channel: Channel, logTime: bigint, data: Uint8Array | undefined): Promise<void> {
    if (!data) return;
    const written = this.#own.get(channel)!;
    const { id: channelId } = written;
    await this.writer.addMessage({ channelId, sequence: written.count++, logTime, publishTime: logTime, data });
  }

  async #begin(facts: Readonly<Record<string, string>>): Promise<void> {
    for (const channel of this.#channels) {
      const topic = { name: channel.topic, type: channel.type, encoding: "cdr", metadata: channelMetadata(channel) };
      this.#own.set(channel, { id: await registerChannel(this.writer, channel), topic, count: 0 });
    }
    this.#records = { torquelens: facts, ...this.metadata };
    for (const [name, record] of Object.entries(this.#records))
      await this.writer.addMetadata({ name, metadata: new Map(Object.entries(record)) });
  }

  async #register(topic: Topic): Promise<number> {
    const { name, encoding } = topic;
    return this.writer.registerChannel({
      schemaId: await this.#schema(topic),
      topic: name,
      messageEncoding: encoding,
      metadata: new Map(topic.metadata),
    });
  }

  async #schema(topic: Topic): Promise<number> {
    const { encoding, data } = topic.schema ?? commonSchema(topic.type);
    const key = `${topic.type} ${encoding} ${Buffer.from(data).toString("latin1")}`;
    let id = this.#schemas.get(key);
    if (id === undefined) {
      id = await this.writer.registerSchema({ name: topic.type, encoding, data });
      this.#schemas.set(key, id);
    }
    return id;
  }
}

/** The common definition of a type; empty where there is none, as in rosbag2. */
function commonSchema(type: string): { encoding: string; data: Uint8Array } {
  try {
    return { encoding: "ros2msg", data: new TextEncoder().encode(messageType(type).schema) };
  } catch {
    return { encoding: "", data: new Uint8Array() };
  }
}
