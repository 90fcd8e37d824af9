import { type FileHandle, open, stat } from "node:fs/promises";
import { type IReadable, McapIndexedReader, type McapTypes } from "@mcap/core";
import { InputError } from "../errors.js";
import { type Bag, type BagRecord, fullType, keyOf, type Selection, type Topic, unitedById } from "./bag.js";
import { decompressHandlers } from "./decompress.js";
import { readWholeRecords } from "./read-whole.js";
import { unpacked } from "./zstd.js";

type Channel = McapTypes.Channel;
type Schema = McapTypes.Schema;

/** Opens an MCAP file by its index, or by reading it once where it has none. @throws InputError */
export async function openMcap(path: string): Promise<Bag> {
  const handle = await open(path);
  const reader = await indexed(handle);
  if (reader) return new IndexedMcap(path, handle, reader);
  await handle.close();
  return StreamedMcap.open(path);
}

/** A reader by index; undefined where the file lacks an index of every message. */
async function indexed(handle: FileHandle): Promise<McapIndexedReader | undefined> {
  try {
    const handlers = await decompressHandlers();
    const reader = await McapIndexedReader.Initialize({
      readable: new FileReadable(handle),
      decompressHandlers: handlers,
    });
    const { statistics, chunkIndexes } = reader;
    if (!statistics || !chunkIndexes.every((chunk) => chunk.messageIndexOffsets.size > 0)) return undefined;
    return statistics.messageCount > 0n && chunkIndexes.length === 0 ? undefined : reader;
  } catch {
    return undefined;
  }
}

/** Allocates a buffer for every read, so that later reads do not overwrite it. */
class FileReadable implements IReadable {
  constructor(private readonly handle: FileHandle) {}

  async size(): Promise<bigint> {
    return BigInt((await this.handle.stat()).size);
  }

  async read(offset: bigint, length: bigint): Promise<Uint8Array> {
    const buffer = new Uint8Array(Number(length));
    for (let done = 0; done < buffer.length; ) {
      const { bytesRead } = await this.handle.read(buffer, done, buffer.length - done, Number(offset) + done);
      if (bytesRead === 0) throw new Error("the file ends too early");
      done += bytesRead;
    }
    return buffer;
  }
}

function topicOf(channel: Channel, schema: Schema | undefined, messages: number): Topic {
  return {
    name: channel.topic,
    type: fullType(schema?.name ?? ""),
    encoding: channel.messageEncoding,
    schema: schema && schema.data.length > 0 ? { encoding: schema.encoding, data: schema.data } : undefined,
    metadata: channel.metadata,
    messages,
  };
}

/** Topics by channel; channels of one topic and type share one. */
function topicsOf(
  channels: Iterable<Channel>,
  schemas: ReadonlyMap<number, Schema>,
  counts: ReadonlyMap<number, bigint>,
): Map<number, Topic> {
  const own = Array.from(channels, (channel) => {
    const topic = topicOf(channel, schemas.get(channel.schemaId), Number(counts.get(channel.id) ?? 0n));
    return [channel.id, topic] as const;
  });
  return unitedById(own);
}

/** Names of the channels that share a topic, by channel: each is a publisher of its own. */
function publishersOf(topics: ReadonlyMap<number, Topic>, channels: Iterable<Channel>): Map<number, string> {
  const shared = [...channels].filter(({ id }) => {
    const topic = topics.get(id);
    return topic && [...topics.values()].filter((other) => other === topic).length > 1;
  });
  return new Map(
    shared.map(({ id, metadata }) => {
      const caller = metadata.get("callerid");
      return [id, caller === undefined ? `channel ${id}` : `channel ${id} of ${caller}`];
    }),
  );
}

function recordOf(
  topic: Topic,
  { channelId, logTime, publishTime, data }: McapTypes.Message,
  publishers: ReadonlyMap<number, string>,
): BagRecord {
  const publisher = publishers.get(channelId);
  const record = { topic, logTime, publishTime, data: unpacked(data) };
  return publisher === undefined ? record : { ...record, publisher };
}

class IndexedMcap implements Bag {
  readonly topics: readonly Topic[];
  readonly start: bigint;
  readonly end: bigint;
  readonly messages: number;
  readonly isPacked: boolean;
  readonly problems: readonly string[] = [];
  readonly #topics: ReadonlyMap<number, Topic>;
  readonly #publishers: ReadonlyMap<number, string>;

  constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    private readonly reader: McapIndexedReader,
  ) {
    const { statistics, channelsById, schemasById, chunkIndexes } = reader;
    this.#topics = topicsOf(channelsById.values(), schemasById, statistics!.channelMessageCounts);
    this.#publishers = publishersOf(this.#topics, channelsById.values());
    this.topics = [...new Set(this.#topics.values())];
    this.start = statistics!.messageStartTime;
    this.end = statistics!.messageEndTime;
    this.messages = Number(statistics!.messageCount);
    this.isPacked = chunkIndexes.some(({ compression }) => compression !== "");
  }

  async *read({ topics, start, end }: Selection = {}): AsyncGenerator<BagRecord> {
    const messages = this.reader.readMessages({
      ...(topics && { topics: [...topics] }),
      ...(start !== undefined && { startTime: start }),
      ...(end !== undefined && { endTime: end }),
      validateCrcs: true,
    });
    try {
      for await (const message of messages)
        yield recordOf(this.#topics.get(message.channelId)!, message, this.#publishers);
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw new InputError(`${this.path}: damaged (${(error as Error).message})`);
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** A file that has no index or was cut off. */
class StreamedMcap implements Bag {
  private constructor(
    readonly path: string,
    readonly topics: readonly Topic[],
    readonly start: bigint,
    readonly end: bigint,
    readonly messages: number,
    readonly isPacked: boolean,
    readonly problems: readonly string[],
    private readonly publishers: ReadonlyMap<number, string>,
  ) {}

  static async open(path: string): Promise<StreamedMcap> {
    const schemas = new Map<number, Schema>();
    const channels = new Map<number, Channel>();
    const counts = new Map<number, bigint>();
    let [start, end, messages, bytes, isWhole] = [1n << 63n, 0n, 0, 0, false];
    for await (const record of readWholeRecords(path)) {
      if (record.type === "Schema") schemas.set(record.id, record);
      else if (record.type === "Channel") channels.set(record.id, record);
      else if (record.type === "DataEnd") isWhole = true;
      if (record.type !== "Message") continue;
      counts.set(record.channelId, (counts.get(record.channelId) ?? 0n) + 1n);
      if (record.logTime < start) start = record.logTime;
      if (record.logTime > end) end = record.logTime;
      messages++;
      bytes += record.data.length;
    }
    const byChannel = topicsOf(channels.values(), schemas, counts);
    const publishers = publishersOf(byChannel, channels.values());
    const topics = [...new Set(byChannel.values())];
    const lost = `${path}: cut off or damaged: ${messages} complete messages are read, the rest is lost`;
    const { size } = await stat(path);
    const problems = isWhole ? [] : [lost];
    const from = messages > 0 ? start : 0n;
    return new StreamedMcap(path, topics, from, end, messages, size < bytes, problems, publishers);
  }

  async *read({ topics, start = 0n, end = 1n << 64n }: Selection = {}): AsyncGenerator<BagRecord> {
    const known = new Map(this.topics.map((topic) => [keyOf(topic), topic]));
    const schemas = new Map<number, Schema>();
    const channels = new Map<number, Topic | undefined>();
    for await (const record of readWholeRecords(this.path)) {
      if (record.type === "Schema") schemas.set(record.id, record);
      else if (record.type === "Channel") {
        const topic = known.get(keyOf(topicOf(record, schemas.get(record.schemaId), 0)));
        channels.set(record.id, !topics || topics.has(record.topic) ? topic : undefined);
      } else if (record.type === "Message") {
        const topic = channels.get(record.channelId);
        if (topic && record.logTime >= start && record.logTime <= end) yield recordOf(topic, record, this.publishers);
      }
    }
  }

  async close(): Promise<void> {}
}
