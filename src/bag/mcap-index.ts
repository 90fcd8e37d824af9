import type { FileHandle } from "node:fs/promises";
import { type IReadable, McapIndexedReader, type McapTypes, Opcode } from "@mcap/core";
import { InputError } from "../errors.js";
import { own } from "../own.js";
import { DamagedPart } from "./damage.js";
import { decompressHandlers } from "./decompress.js";
import { readAt } from "./file-window.js";
import { chunkOf, HEAD, lengthAt, parsed, recordsIn, unpackChunk, viewOf } from "./mcap-records.js";
import { type DamagedStretch, type Place, type Scanned, scanMcap } from "./mcap-scan.js";

type Channel = McapTypes.Channel;
type Schema = McapTypes.Schema;
type ChunkIndex = McapTypes.ChunkIndex;
type Statistics = McapTypes.Statistics;

/** A part of a file that is read at once: a chunk, or messages that stand outside of chunks. */
export interface Piece extends Place {
  readonly isChunk: boolean;
  /** Log times of its first and last message, nanoseconds. */
  readonly start: bigint;
  readonly end: bigint;
  readonly channels: ReadonlySet<number>;
  /** Length of the message indexes behind it, bytes. */
  readonly indexLength: number;
}

/** Where the messages of an MCAP file are. */
export interface McapIndex {
  /** In the order of the file. */
  readonly pieces: readonly Piece[];
  readonly channels: ReadonlyMap<number, Channel>;
  readonly schemas: ReadonlyMap<number, Schema>;
  /** Number of messages by channel. */
  readonly counts: ReadonlyMap<number, number>;
  readonly messages: number;
  /** Log times of the first and the last message, nanoseconds; both 0 where there is none. */
  readonly start: bigint;
  readonly end: bigint;
  readonly isPacked: boolean;
  readonly damage: readonly DamagedStretch[];
  /** One line each, without the file's name. */
  readonly problems: readonly string[];
}

/** Reads a file's own index, or makes one by reading the file where that is missing or damaged. @throws InputError */
export async function indexMcap(path: string, handle: FileHandle): Promise<McapIndex> {
  const summary = await summaryOf(handle);
  return (summary && (await fromSummary(path, handle, summary))) ?? fromScan(path, summary);
}

/** A file's own index; undefined where it does not tell of every message. @throws InputError */
export async function ownIndexOf(path: string, handle: FileHandle): Promise<McapIndex | undefined> {
  const summary = await summaryOf(handle);
  return summary && fromSummary(path, handle, summary);
}

async function summaryOf(handle: FileHandle): Promise<McapIndexedReader | undefined> {
  try {
    return await McapIndexedReader.Initialize({ readable: new FileReadable(handle) });
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
    if (offset + length > (await this.size())) throw new Error("the file ends too early");
    return readAt(this.handle, Number(offset), Number(length));
  }
}

/** The index that a file holds; undefined where it does not tell of every message. */
async function fromSummary(
  path: string,
  handle: FileHandle,
  summary: McapIndexedReader,
): Promise<McapIndex | undefined> {
  const chunks = [...summary.chunkIndexes].sort((a, b) => Number(a.chunkStartOffset - b.chunkStartOffset));
  const { statistics } = summary;
  if (!statistics || !chunks.every(({ messageIndexOffsets }) => messageIndexOffsets.size > 0)) return undefined;
  if (statistics.messageCount > 0n && chunks.length === 0) return undefined;
  if (summary.footer.summaryCrc === 0 && !(await agrees(handle, statistics, chunks))) return undefined;
  if (!(await coversAll(handle, chunks, Number(summary.dataEndOffset)))) return undefined;
  await assertReadable(path, chunks);
  const channels = new Map(summary.channelsById);
  const schemas = new Map(summary.schemasById);
  for (const chunk of chunks)
    if (hasUnknown(chunk, channels, schemas)) await describeFrom(handle, chunk, channels, schemas);
  return {
    pieces: chunks.map(pieceOf),
    channels,
    schemas,
    counts: new Map(Array.from(statistics.channelMessageCounts, ([id, count]) => [id, Number(count)])),
    messages: Number(statistics.messageCount),
    start: statistics.messageStartTime,
    end: statistics.messageEndTime,
    isPacked: chunks.some(({ compression }) => compression !== ""),
    damage: undescribed(statistics.channelMessageCounts, channels),
    problems: [],
  };
}

/** Messages of channels that are not described. */
function undescribed(
  counts: ReadonlyMap<number, bigint | number>,
  channels: ReadonlyMap<number, Channel>,
): DamagedStretch[] {
  const unknown = [...counts].filter(([id, count]) => count > 0 && !channels.has(id));
  return unknown.map(([id, count]) => lostOf(id, -1, Number(count), `channel ${id} is not described`));
}

const lostOf = (id: number, channel: number, count: number, reason: string): DamagedStretch => ({
  type: "Damaged",
  what: "message",
  offset: -1 - id,
  length: 0,
  reason,
  messages: new Map([[channel, count]]),
});

const pieceOf = (chunk: ChunkIndex): Piece => ({
  offset: Number(chunk.chunkStartOffset),
  length: Number(chunk.chunkLength),
  isChunk: true,
  start: chunk.messageStartTime,
  end: chunk.messageEndTime,
  channels: new Set(chunk.messageIndexOffsets.keys()),
  indexLength: Number(chunk.messageIndexLength),
});

/** True where a summary without a checksum agrees with itself and with the chunks' first bytes. */
async function agrees(handle: FileHandle, statistics: Statistics, chunks: readonly ChunkIndex[]): Promise<boolean> {
  const { messageCount, messageStartTime, messageEndTime, channelMessageCounts } = statistics;
  let [sum, start, end] = [0n, chunks[0]?.messageStartTime ?? 0n, 0n];
  for (const count of channelMessageCounts.values()) sum += count;
  for (const { messageStartTime: from, messageEndTime: to, chunkStartOffset, chunkLength } of chunks) {
    if (from < start) start = from;
    if (to > end) end = to;
    const head = await readAt(handle, Number(chunkStartOffset), HEAD);
    const isThere = head.length === HEAD && head[0] === Opcode.CHUNK;
    if (!isThere || HEAD + lengthAt(viewOf(head), 0) !== Number(chunkLength)) return false;
  }
  return sum === messageCount && start === messageStartTime && end === messageEndTime;
}

/** True where chunks and their indexes leave room for no further messages. */
async function coversAll(handle: FileHandle, chunks: readonly ChunkIndex[], end: number): Promise<boolean> {
  let at = 8;
  for (const chunk of [...chunks, undefined]) {
    const until = chunk ? Number(chunk.chunkStartOffset) : end;
    while (at < until) {
      const head = await readAt(handle, at, HEAD);
      if (head.length < HEAD || head[0] === Opcode.MESSAGE || head[0] === Opcode.CHUNK) return false;
      at += HEAD + lengthAt(viewOf(head), 0);
    }
    if (at !== until) return false;
    if (chunk) at += Number(chunk.chunkLength) + Number(chunk.messageIndexLength);
  }
  return true;
}

async function assertReadable(path: string, chunks: readonly Pick<ChunkIndex, "compression">[]): Promise<void> {
  const known = await decompressHandlers();
  const unknown = chunks.filter(({ compression }) => compression !== "" && !own(known, compression));
  if (chunks.length > 0 && unknown.length === chunks.length) throw unknownCompression(path, unknown[0]!.compression);
}

const unknownCompression = (path: string, name: string): InputError =>
  new InputError(`${path}: its chunks are compressed by ${JSON.stringify(name)}, expected zstd, lz4, bz2 or none`);

type Descriptions<T> = Map<number, T>;

/** True where a chunk has messages of a channel that is not described yet, or whose type is not. */
function hasUnknown(
  { messageIndexOffsets }: ChunkIndex,
  channels: Descriptions<Channel>,
  schemas: Descriptions<Schema>,
): boolean {
  return [...messageIndexOffsets.keys()].some((id) => {
    const channel = channels.get(id);
    return !channel || (channel.schemaId !== 0 && !schemas.has(channel.schemaId));
  });
}

/** Reads the descriptions of channels and types in a chunk, for files that do not repeat them at the end. */
async function describeFrom(
  handle: FileHandle,
  { chunkStartOffset, chunkLength }: ChunkIndex,
  channels: Descriptions<Channel>,
  schemas: Descriptions<Schema>,
): Promise<void> {
  try {
    const record = await readAt(handle, Number(chunkStartOffset), Number(chunkLength));
    const bytes = await unpackChunk(chunkOf(record.subarray(HEAD)));
    for (const { opcode, from, to } of recordsIn(bytes).records) {
      if (opcode !== Opcode.SCHEMA && opcode !== Opcode.CHANNEL) continue;
      const found = parsed(bytes.subarray(from - HEAD, to));
      if (found?.type === "Schema" && !schemas.has(found.id)) schemas.set(found.id, found);
      if (found?.type === "Channel" && !channels.has(found.id)) channels.set(found.id, found);
    }
  } catch (error) {
    if (!(error instanceof DamagedPart)) throw error;
  }
}

/** Messages outside of chunks that make one piece, bytes. */
const PIECE = 1 << 20;

/** @param summary an intact summary, whose descriptions and counts are then known */
async function fromScan(path: string, summary: McapIndexedReader | undefined): Promise<McapIndex> {
  const scan = new Indexing(summary);
  for await (const found of scanMcap(path)) scan.add(found);
  return scan.done(path);
}

class Indexing {
  readonly #channels: Map<number, Channel>;
  readonly #schemas: Map<number, Schema>;
  readonly #counts = new Map<number, number>();
  readonly #pieces: (Piece & { length: number; start: bigint; end: bigint; channels: Set<number> })[] = [];
  readonly #damage: DamagedStretch[] = [];
  #isPacked = false;
  #isCut = false;
  #hasSummary = false;
  /** Unknown compression of a chunk. */
  #unknown: string | undefined;

  constructor(private readonly summary: McapIndexedReader | undefined) {
    this.#channels = new Map(summary?.channelsById);
    this.#schemas = new Map(summary?.schemasById);
  }

  add(found: Scanned): void {
    if (found.type === "Message") this.#message(found);
    else if (found.type === "Schema" && !this.#schemas.has(found.id)) this.#schemas.set(found.id, found);
    else if (found.type === "Channel" && !this.#channels.has(found.id)) this.#channels.set(found.id, found);
    else if (found.type === "Chunk") {
      this.#isPacked ||= found.compression !== "";
      this.#begin(found, true);
    } else if (found.type === "Damaged") {
      this.#damage.push(found);
      this.#unknown ??= /^unknown compression (.*)$/.exec(found.reason)?.[1];
    } else if (found.type === "Footer") this.#hasSummary = found.summaryStart !== 0n;
    else if (found.type === "End") this.#isCut = found.isCut;
  }

  done(path: string): McapIndex {
    const filled = this.#pieces.filter(({ channels }) => channels.size > 0);
    const messages = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    if (this.#unknown !== undefined && messages === 0) throw unknownCompression(path, JSON.parse(this.#unknown));
    const lost = `cut off or damaged: ${messages} complete messages are read, the rest is lost`;
    const unused = "its index is damaged; it is read without it";
    return {
      pieces: filled,
      channels: this.#channels,
      schemas: this.#schemas,
      counts: this.#counts,
      messages,
      start: filled.reduce((least, { start }) => (start < least ? start : least), filled[0]?.start ?? 0n),
      end: filled.reduce((most, { end }) => (end > most ? end : most), 0n),
      isPacked: this.#isPacked,
      damage: this.#checked(this.summary?.statistics),
      problems: [
        ...(this.#isCut ? [lost] : []),
        ...(!this.#isCut && this.#hasSummary && !this.summary ? [unused] : []),
      ],
    };
  }

  #message({ channelId, logTime, isLoose, offset, length }: Extract<Scanned, { type: "Message" }>): void {
    const last = this.#pieces.at(-1);
    const goesOn = last && !last.isChunk && offset + length - last.offset <= PIECE && !this.#isDamagedAfter(last);
    if (isLoose && !goesOn) this.#begin({ offset, length }, false);
    const piece = this.#pieces.at(-1)!;
    if (isLoose) piece.length = offset + length - piece.offset;
    if (piece.channels.size === 0 || logTime < piece.start) piece.start = logTime;
    if (logTime > piece.end) piece.end = logTime;
    piece.channels.add(channelId);
    this.#counts.set(channelId, (this.#counts.get(channelId) ?? 0) + 1);
  }

  #begin({ offset, length }: Place, isChunk: boolean): void {
    this.#pieces.push({ offset, length, isChunk, start: 0n, end: 0n, channels: new Set(), indexLength: 0 });
  }

  #isDamagedAfter({ offset }: Place): boolean {
    const last = this.#damage.at(-1);
    return last !== undefined && last.offset > offset;
  }

  /** The damage, with the messages that the statistics count and that were not found. */
  #checked({ channelMessageCounts }: Pick<Statistics, "channelMessageCounts"> = { channelMessageCounts: new Map() }) {
    if (channelMessageCounts.size === 0) return [...this.#damage, ...undescribed(this.#counts, this.#channels)];
    const known = this.#damage.map((damage) => ({ ...damage, messages: new Map(damage.messages) }));
    for (const { messages } of known) messages.delete(-1);
    const missing = Array.from(channelMessageCounts, ([id, count]) => {
      const found = known.reduce((sum, { messages }) => sum + (messages.get(id) ?? 0), this.#counts.get(id) ?? 0);
      return lostOf(id, id, Number(count) - found, "not found in the file");
    });
    return [...known, ...missing.filter(({ messages }) => [...messages.values()].some((count) => count > 0))];
  }
}
