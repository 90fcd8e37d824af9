import { crc32 } from "node:zlib";
import { McapConstants, McapStreamReader, type McapTypes, Opcode } from "@mcap/core";
import { LIMITS } from "../limits.js";
import { own } from "../own.js";
import { DamagedPart } from "./damage.js";
import { decompressHandlers } from "./decompress.js";
import { tooLarge } from "./too-large.js";

/** Bytes of a record before its content: opcode and length. */
export const HEAD = 9;
/** Bytes of a message before its payload: channel, sequence, log time, publish time. */
export const MESSAGE_HEAD = 22;

/** Place of a record's content in some bytes. */
export interface Frame {
  readonly opcode: number;
  readonly from: number;
  readonly to: number;
}

export type MessageFrame = Frame & { readonly channelId: number; readonly logTime: bigint };

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Length of a record's content; NaN where it is larger than any file. */
export function lengthAt(view: DataView, at: number): number {
  const high = view.getUint32(at + 5, true);
  return high > 0xffff ? Number.NaN : high * 2 ** 32 + view.getUint32(at + 1, true);
}

/** The record at a place, if it is there whole. */
function frameAt(view: DataView, at: number): Frame | undefined {
  if (at + HEAD > view.byteLength) return undefined;
  const to = at + HEAD + lengthAt(view, at);
  return to <= view.byteLength ? { opcode: view.getUint8(at), from: at + HEAD, to } : undefined;
}

/**
 * Records in a chunk or in a stretch of records, in their order, up to the place where they are damaged.
 * @throws DamagedPart for more than a chunk may hold
 */
export function recordsIn(bytes: Uint8Array): { readonly records: (Frame | MessageFrame)[]; readonly whole: number } {
  const view = viewOf(bytes);
  const records: (Frame | MessageFrame)[] = [];
  let at = 0;
  for (let frame = frameAt(view, at); frame; frame = frameAt(view, at)) {
    const { opcode, from, to } = frame;
    if (records.length === LIMITS.records)
      throw new DamagedPart(`it holds more records than the limit, ${LIMITS.records} a chunk`);
    if (opcode === 0 || (opcode === Opcode.MESSAGE && to - from < MESSAGE_HEAD)) break;
    if (opcode !== Opcode.MESSAGE) records.push(frame);
    else {
      const [channelId, logTime] = [view.getUint16(from, true), view.getBigUint64(from + 6, true)];
      records.push({ opcode, from, to, channelId, logTime });
    }
    at = to;
  }
  return { records, whole: at };
}

export const isMessage = (frame: Frame | MessageFrame): frame is MessageFrame => frame.opcode === Opcode.MESSAGE;

/** A message with a payload of its own. */
export function messageAt(bytes: Uint8Array, { from, to, channelId, logTime }: MessageFrame): McapTypes.Message {
  const view = new DataView(bytes.buffer, bytes.byteOffset + from, MESSAGE_HEAD);
  return {
    channelId,
    sequence: view.getUint32(2, true),
    logTime,
    publishTime: view.getBigUint64(14, true),
    data: bytes.slice(from + MESSAGE_HEAD, to),
  };
}

/** A record of any kind but chunks and messages, from its first byte on; undefined where it is damaged. */
export function parsed(record: Uint8Array): McapTypes.TypedMcapRecord | undefined {
  const reader = new McapStreamReader({ noMagicPrefix: true });
  reader.append(record);
  // A footer is read together with the bytes that close a file.
  if (record[0] === Opcode.FOOTER) reader.append(Uint8Array.from(McapConstants.MCAP_MAGIC));
  try {
    return reader.nextRecord();
  } catch {
    return undefined;
  }
}

export interface Chunk {
  /** Log times of the first and the last message. */
  readonly start: bigint;
  readonly end: bigint;
  /** Size of the records, bytes. */
  readonly size: number;
  /** Checksum of the records; 0 for none. */
  readonly crc: number;
  readonly compression: string;
  readonly packed: Uint8Array;
}

/** Reads a chunk's content. @throws DamagedPart */
export function chunkOf(content: Uint8Array): Chunk {
  if (!isChunk(content, content.length)) throw new DamagedPart("its header is damaged");
  const view = viewOf(content);
  const name = view.getUint32(28, true);
  return {
    start: view.getBigUint64(0, true),
    end: view.getBigUint64(8, true),
    size: Number(view.getBigUint64(16, true)),
    crc: view.getUint32(24, true),
    compression: new TextDecoder().decode(content.subarray(32, 32 + name)),
    packed: content.subarray(40 + name),
  };
}

/** True for the first bytes of a chunk's content of this length. */
export function isChunk(head: Uint8Array, length: number): boolean {
  if (head.length < 40) return false;
  const name = viewOf(head).getUint32(28, true);
  return 40 + name <= head.length && 40 + name + lengthAt(viewOf(head), 31 + name) === length;
}

/** Unpacks a chunk and checks its checksum. @throws DamagedPart, also for one of more than `limit` bytes */
export async function unpackChunk(
  { size, crc, compression, packed }: Chunk,
  limit: number = LIMITS.unpacked,
): Promise<Uint8Array> {
  let records = packed;
  if (compression !== "" && packed.length > 0) {
    const unpack = own(await decompressHandlers(), compression);
    if (!unpack) throw new DamagedPart(`unknown compression ${JSON.stringify(compression)}`);
    const problem = tooLarge("chunk", packed.length, size, limit);
    if (problem !== undefined) throw new DamagedPart(problem);
    try {
      records = await unpack(packed, BigInt(size));
    } catch (error) {
      throw new DamagedPart(`${compression}: ${(error as Error).message}`);
    }
  }
  if (crc !== 0 && crc32(records) !== crc) throw new DamagedPart("its checksum does not fit");
  return records;
}
