import { type FileHandle, open } from "node:fs/promises";
import { type McapTypes, Opcode } from "@mcap/core";
import { InputError } from "../errors.js";
import { LIMITS } from "../limits.js";
import { type Bag, type BagRecord, fullType, type Selection, type Topic, unitedById } from "./bag.js";
import { DamagedPart, DamageLog, type Losses } from "./damage.js";
import { readAt } from "./file-window.js";
import { indexMcap, type McapIndex, type Piece } from "./mcap-index.js";
import {
  chunkOf,
  HEAD,
  isMessage,
  type MessageFrame,
  messageAt,
  parsed,
  recordsIn,
  unpackChunk,
} from "./mcap-records.js";
import { unpacked, zstdLoaded } from "./zstd.js";

/**
 * Opens an MCAP file by its index, or by reading it once where it has none.
 * @param held bytes of chunks that overlap in time that are kept unpacked; others are unpacked again
 * @throws InputError
 */
export async function openMcap(path: string, held: number = LIMITS.unpacked): Promise<Bag> {
  await zstdLoaded;
  const handle = await open(path);
  try {
    return new McapBag(path, handle, await indexMcap(path, handle), held);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function topicOf(channel: McapTypes.Channel, schema: McapTypes.Schema | undefined, messages: number): Topic {
  return {
    name: channel.topic,
    type: fullType(schema?.name ?? ""),
    encoding: channel.messageEncoding,
    schema: schema && schema.data.length > 0 ? { encoding: schema.encoding, data: schema.data } : undefined,
    metadata: channel.metadata,
    messages,
  };
}

/** Messages of a piece, from the next one on. */
interface Cursor {
  readonly piece: Piece;
  /** Undefined where many pieces overlap in time: they are read again when it is their turn. */
  bytes: Uint8Array | undefined;
  readonly messages: readonly MessageFrame[];
  next: number;
}

/** Names of the channels that share a topic, by channel: each is a publisher of its own. */
function publishersOf(
  topics: ReadonlyMap<number, Topic>,
  channels: Iterable<McapTypes.Channel>,
): ReadonlyMap<number, string> {
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

class McapBag implements Bag {
  readonly topics: readonly Topic[];
  readonly start: bigint;
  readonly end: bigint;
  readonly messages: number;
  readonly isPacked: boolean;
  /** By channel; channels of one topic and type share one. */
  readonly #topics: ReadonlyMap<number, Topic>;
  readonly #publishers: ReadonlyMap<number, string>;
  readonly #pieces: readonly Piece[];
  readonly #damage = new DamageLog();
  readonly #problems: readonly string[];

  constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    { pieces, channels, schemas, counts, messages, start, end, isPacked, damage, problems }: McapIndex,
    private readonly held: number,
  ) {
    const own = Array.from(channels.values(), (channel) => {
      const topic = topicOf(channel, schemas.get(channel.schemaId), counts.get(channel.id) ?? 0);
      return [channel.id, topic] as const;
    });
    this.#topics = unitedById(own);
    this.#publishers = publishersOf(this.#topics, channels.values());
    this.topics = [...new Set(this.#topics.values())];
    [this.start, this.end, this.messages, this.isPacked] = [start, end, messages, isPacked];
    this.#pieces = [...pieces].sort((a, b) => compare(a.start, b.start) || a.offset - b.offset);
    this.#problems = problems.map((line) => `${path}: ${line}`);
    for (const { offset, messages: lost, ...found } of damage)
      this.#damage.add(offset, { ...found, messages: this.#byTopic(lost) });
  }

  get problems(): readonly string[] {
    return [...this.#problems, ...this.#damage.lines(this.path, this.start, this.end)];
  }

  get losses(): Losses {
    return this.#damage.losses;
  }

  async *read({ topics, start = 0n, end = 1n << 64n }: Selection = {}): AsyncGenerator<BagRecord> {
    const isWanted = (channel: number) => {
      const topic = this.#topics.get(channel);
      return topic !== undefined && (!topics || topics.has(topic.name));
    };
    const waiting = this.#pieces.filter(
      (piece) => piece.start <= end && piece.end >= start && [...piece.channels].some(isWanted),
    );
    // The pieces that are being read, the one with the earliest message first.
    const reading: Cursor[] = [];
    for (let at = 0; ; ) {
      const [first] = reading;
      const piece = waiting[at];
      if (piece && (!first || piece.start <= timeOf(first))) {
        at++;
        const cursor = await this.#open(piece, ({ channelId, logTime }) => {
          return isWanted(channelId) && logTime >= start && logTime <= end;
        });
        if (cursor.messages.length > 0) insert(reading, cursor);
        spare(reading, this.held);
        continue;
      }
      if (!first) return;
      const bytes = first.bytes ?? (await this.#open(first.piece, () => false)).bytes;
      if (!bytes?.length) {
        reading.shift();
        continue;
      }
      if (!first.bytes) {
        first.bytes = bytes;
        spare(reading, this.held);
      }
      const record = this.#recordOf(bytes, first.messages[first.next++]!, first.piece);
      if (first.next === first.messages.length) reading.shift();
      else if (reading[1] && isLater(first, reading[1])) insert(reading, reading.shift()!);
      if (record) yield record;
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  /** Reads a piece; without messages where it is damaged. */
  async #open(piece: Piece, isWanted: (message: MessageFrame) => boolean): Promise<Cursor> {
    try {
      const bytes = await this.#bytesOf(piece);
      const { records, whole } = recordsIn(bytes);
      if (whole < bytes.length || records.length === 0) throw new DamagedPart("its records are damaged");
      const messages = records.filter(isMessage).filter(isWanted);
      if (messages.some(({ logTime }, i) => i > 0 && logTime < messages[i - 1]!.logTime))
        messages.sort((a, b) => compare(a.logTime, b.logTime));
      return { piece, bytes, messages, next: 0 };
    } catch (error) {
      if (!(error instanceof DamagedPart)) throw error;
      await this.#lose(piece, error.message);
      return { piece, bytes: new Uint8Array(), messages: [], next: 0 };
    }
  }

  async #bytesOf({ offset, length, isChunk }: Piece): Promise<Uint8Array> {
    const bytes = await readAt(this.handle, offset, length).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EIO") throw new DamagedPart("the disk cannot read it");
      throw new InputError(`${this.path}: cannot read the bag (${error.code})`);
    });
    if (bytes.length < length) throw new DamagedPart("the file ends before it");
    if (!isChunk) return bytes;
    return unpackChunk(chunkOf(bytes.subarray(HEAD)));
  }

  #recordOf(bytes: Uint8Array, frame: MessageFrame, { offset }: Piece): BagRecord | undefined {
    const topic = this.#topics.get(frame.channelId)!;
    const publisher = this.#publishers.get(frame.channelId);
    const { logTime, publishTime, data } = messageAt(bytes, frame);
    try {
      const record = { topic, logTime, publishTime, data: unpacked(data) };
      return publisher === undefined ? record : { ...record, publisher };
    } catch (error) {
      const damage = { reason: `zstd: ${(error as Error).message}`, messages: new Map([[topic.name, 1]]) };
      this.#damage.add(offset + frame.from, { what: "message", ...damage, span: [logTime, logTime] });
      return undefined;
    }
  }

  /** Counts a damaged piece, with the messages that its indexes tell of. */
  async #lose({ offset, length, start, end, indexLength }: Piece, reason: string): Promise<void> {
    const lost = new Map<number, number>();
    const bytes = await readAt(this.handle, offset + length, indexLength).catch(() => new Uint8Array());
    for (const { opcode, from, to } of recordsIn(bytes).records) {
      const index = opcode === Opcode.MESSAGE_INDEX ? parsed(bytes.subarray(from - HEAD, to)) : undefined;
      if (index?.type === "MessageIndex") lost.set(index.channelId, index.records.length);
    }
    this.#damage.add(offset, { what: "chunk", reason, span: [start, end], messages: this.#byTopic(lost) });
  }

  #byTopic(counts: ReadonlyMap<number, number>): Map<string, number> {
    const messages = new Map<string, number>();
    for (const [id, count] of counts) {
      const name = this.#topics.get(id)?.name ?? "";
      messages.set(name, (messages.get(name) ?? 0) + count);
    }
    return messages;
  }
}

/** Frees the bytes of pieces, those that are needed last first, so that at most `most` and the first's are held. */
function spare(reading: readonly Cursor[], most: number): void {
  let held = 0;
  for (const [i, cursor] of reading.entries()) {
    held += cursor.bytes?.length ?? 0;
    if (i > 0 && held > most) cursor.bytes = undefined;
  }
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : Number(a > b));
const timeOf = ({ messages, next }: Cursor): bigint => messages[next]!.logTime;

/** True where the next message of `a` comes after that of `b`. */
function isLater(a: Cursor, b: Cursor): boolean {
  const [x, y] = [timeOf(a), timeOf(b)];
  return x === y ? a.piece.offset > b.piece.offset : x > y;
}

/** Puts a cursor in its place by its next message. */
function insert(cursors: Cursor[], cursor: Cursor): void {
  let [low, high] = [0, cursors.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isLater(cursor, cursors[middle]!)) low = middle + 1;
    else high = middle;
  }
  cursors.splice(low, 0, cursor);
}
