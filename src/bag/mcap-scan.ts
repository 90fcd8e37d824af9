import { type McapTypes, Opcode } from "@mcap/core";
import { InputError } from "../errors.js";
import { DamagedPart } from "./damage.js";
import { FileWindow } from "./file-window.js";
import {
  chunkOf,
  HEAD,
  isChunk,
  isMessage,
  lengthAt,
  MESSAGE_HEAD,
  messageAt,
  parsed,
  recordsIn,
  unpackChunk,
  viewOf,
} from "./mcap-records.js";

/** Where something stands in a file, bytes. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

/** A stretch of a file that cannot be read. */
export interface DamagedStretch extends Place {
  readonly type: "Damaged";
  readonly what: "chunk" | "stretch" | "message";
  readonly reason: string;
  /** Log times of its first and last message, as far as known. */
  readonly span?: readonly [start: bigint, end: bigint] | undefined;
  /** Number of its messages by channel, as far as known. */
  readonly messages: ReadonlyMap<number, number>;
}

/** A whole chunk; its records follow. */
export interface WholeChunk extends Place {
  readonly type: "Chunk";
  readonly compression: string;
}

type Small = Extract<
  McapTypes.TypedMcapRecord,
  { type: "Header" | "Schema" | "Channel" | "Metadata" | "Attachment" | "Statistics" | "DataEnd" | "Footer" }
>;

export type Scanned =
  | Small
  | WholeChunk
  | DamagedStretch
  | (McapTypes.Message & { readonly type: "Message"; readonly isLoose: boolean } & Place)
  /** The end of the file; `isCut` where it ends before a closed file would. */
  | { readonly type: "End"; readonly isCut: boolean };

const MAGIC = "\x89MCAP";
const MAGIC_LENGTH = 8;
/** Records from here on are an application's own. */
const FIRST_PRIVATE = 0x80;
/** Largest record that is looked at after damage, bytes, unless it is a chunk or a message. */
const LARGEST_SMALL = 1 << 24;
/** Bytes of a chunk's content that hold all before its records. */
const CHUNK_HEAD = 256;
const NONE: ReadonlyMap<number, number> = new Map();
/** One message of a channel that is not known. */
const ONE_UNKNOWN: ReadonlyMap<number, number> = new Map([[-1, 1]]);
const WANTED: ReadonlySet<string> = new Set<Small["type"]>([
  "Header",
  "Schema",
  "Channel",
  "Metadata",
  "Attachment",
  "Statistics",
  "DataEnd",
  "Footer",
]);

/**
 * Reads an MCAP file from the start, without its index: yields its records in the order of the file, those in chunks
 * too. Where something is damaged it yields that, and goes on with the next whole record. Memory: one chunk.
 * @throws InputError where the file cannot be read or is not an MCAP file
 */
export async function* scanMcap(path: string): AsyncGenerator<Scanned> {
  let window: FileWindow | undefined;
  try {
    window = await FileWindow.open(path);
    if (!isMagic(await window.at(0, MAGIC.length))) throw new InputError(`${path}: not an MCAP file`);
    yield* new Scan(window).records();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof InputError || typeof code !== "string") throw error;
    throw new InputError(`${path}: cannot read the bag (${code === "ENOENT" ? "no such file" : code})`);
  } finally {
    await window?.close();
  }
}

type PendingDamage = DamagedStretch & { readonly messages: Map<number, number> };

class Scan {
  /** A damaged chunk, whose message indexes may follow. */
  #damaged: PendingDamage | undefined;
  /** True before the summary. */
  #isData = true;
  readonly #channels = new Set<number>();
  /** Log time of the last message, which says where damage lies. */
  #last: bigint | undefined;

  constructor(private readonly window: FileWindow) {}

  async *records(): AsyncGenerator<Scanned> {
    const { size } = this.window;
    let [at, hasEnd] = [MAGIC_LENGTH, false];
    while (at < size && !(hasEnd && at + MAGIC_LENGTH === size)) {
      const end = await this.#endOf(at);
      const fits = end !== undefined && (await this.#begins(end));
      const next = fits ? undefined : await this.#nextRecord(at + 1);
      // Either this record's length is damaged, or what follows it.
      if (end !== undefined && (fits || (await this.#mayBeWhole(at, end, next)))) {
        const record = await this.window.at(at, end - at);
        const place = { offset: at, length: end - at };
        const [opcode] = record;
        if (this.#damaged && opcode !== Opcode.MESSAGE_INDEX) yield this.#flush();
        if (opcode === Opcode.CHUNK || (opcode !== Opcode.MESSAGE && this.#isData && hasChunk(record)))
          yield* this.#chunk(record, place);
        else {
          const found = this.#record(record, place);
          if (found) yield found;
          hasEnd ||= found?.type === "Footer";
        }
        at = end;
        continue;
      }
      if (this.#damaged) yield this.#flush();
      if (next === undefined) return yield { type: "End", isCut: true };
      if (this.#isData) yield this.#stretch({ offset: at, length: next - at }, "its records are damaged", "stretch");
      at = next;
    }
    if (this.#damaged) yield this.#flush();
    yield { type: "End", isCut: !hasEnd };
  }

  /** End of the record at an offset; undefined where no record is there, or not the whole. */
  async #endOf(at: number): Promise<number | undefined> {
    const head = await this.window.at(at, HEAD);
    if (head.length < HEAD || head[0] === 0) return undefined;
    const end = at + HEAD + lengthAt(viewOf(head), 0);
    return end <= this.window.size ? end : undefined;
  }

  /** True where a record may begin, or the file or its closing bytes. */
  async #begins(at: number): Promise<boolean> {
    const left = this.window.size - at;
    if (left === 0 || (await this.#endOf(at)) !== undefined) return true;
    return left === MAGIC_LENGTH && isMagic(await this.window.at(at, left));
  }

  /** True where the record seems whole and what follows it damaged or cut off. */
  async #mayBeWhole(at: number, end: number, next: number | undefined): Promise<boolean> {
    if (next !== undefined && next < end) return false;
    const [after = 0] = await this.window.at(end, 1);
    return (isKnown(after) || end === this.window.size) && this.#isSound(at, end);
  }

  /** Offset of the next record that is certainly one. */
  async #nextRecord(from: number): Promise<number | undefined> {
    for (let at = from; at + HEAD <= this.window.size; ) {
      const bytes = await this.window.at(at, 1 << 16);
      const count = bytes.length - HEAD + 1;
      for (let i = 0; i < count; i++) {
        // A record's length is below 2^40.
        const isLikely = isKnown(bytes[i]!) && bytes[i + 6] === 0 && bytes[i + 7] === 0 && bytes[i + 8] === 0;
        if (isLikely && (await this.#isRecord(at + i))) return at + i;
      }
      at += count;
    }
    return undefined;
  }

  /** True where a sound record begins, with two more behind it or the end of the file. */
  async #isRecord(at: number): Promise<boolean> {
    const end = await this.#endOf(at);
    if (end === undefined || !(await this.#begins(end)) || !(await this.#isSound(at, end))) return false;
    const second = await this.#endOf(end);
    return second === undefined || this.#begins(second);
  }

  /** True where a record's content has the form of its kind. */
  async #isSound(at: number, end: number): Promise<boolean> {
    const length = end - at - HEAD;
    const [opcode = 0] = await this.window.at(at, 1);
    if (opcode === Opcode.CHUNK) return isChunk(await this.window.at(at + HEAD, Math.min(length, CHUNK_HEAD)), length);
    if (opcode === Opcode.MESSAGE) {
      if (length < MESSAGE_HEAD) return false;
      const channel = viewOf(await this.window.at(at + HEAD, 2)).getUint16(0, true);
      return this.#channels.size === 0 || this.#channels.has(channel);
    }
    return isKnown(opcode) && length < LARGEST_SMALL && parsed(await this.window.at(at, end - at)) !== undefined;
  }

  /** Reads a record that is no chunk; undefined for one of no interest. */
  #record(record: Uint8Array, place: Place): Scanned | undefined {
    const opcode = record[0]!;
    if (opcode === Opcode.MESSAGE) {
      const [frame] = recordsIn(record).records;
      if (!frame || !isMessage(frame)) return this.#stretch(place, "a message is damaged", "message");
      this.#last = frame.logTime;
      return { type: "Message", ...messageAt(record, frame), ...place, isLoose: true };
    }
    const small = isKnown(opcode) ? parsed(record) : undefined;
    if (!small) {
      const isLost = this.#isData && opcode < FIRST_PRIVATE;
      return isLost ? this.#stretch(place, "a record is damaged", "stretch") : undefined;
    }
    if (small.type === "MessageIndex") this.#damaged?.messages.set(small.channelId, small.records.length);
    if (small.type === "Channel") this.#channels.add(small.id);
    if (small.type === "DataEnd") this.#isData = false;
    return WANTED.has(small.type) ? (small as Small) : undefined;
  }

  async *#chunk(record: Uint8Array, place: Place): AsyncGenerator<Scanned> {
    let span: readonly [bigint, bigint] | undefined;
    try {
      const chunk = chunkOf(record.subarray(HEAD));
      span = [chunk.start, chunk.end];
      const bytes = await unpackChunk(chunk);
      const { records, whole } = recordsIn(bytes);
      if (whole < bytes.length) throw new DamagedPart("its records are damaged");
      yield { type: "Chunk", ...place, compression: chunk.compression };
      for (const frame of records) {
        if (isMessage(frame)) yield { type: "Message", ...messageAt(bytes, frame), ...place, isLoose: false };
        else {
          const small = parsed(bytes.subarray(frame.from - HEAD, frame.to));
          if (small?.type === "Channel") this.#channels.add(small.id);
          if (small?.type === "Schema" || small?.type === "Channel") yield small;
        }
      }
      this.#last = chunk.end;
    } catch (error) {
      if (!(error instanceof DamagedPart)) throw error;
      this.#damaged = { type: "Damaged", what: "chunk", ...place, reason: error.message, span, messages: new Map() };
    }
  }

  #flush(): DamagedStretch {
    const damaged = this.#damaged!;
    this.#damaged = undefined;
    return damaged;
  }

  #stretch(place: Place, reason: string, what: "stretch" | "message"): DamagedStretch {
    const span = this.#last === undefined ? undefined : ([this.#last, this.#last] as const);
    return { type: "Damaged", what, ...place, reason, span, messages: what === "message" ? ONE_UNKNOWN : NONE };
  }
}

/** True for a chunk, whatever its opcode says. */
const hasChunk = (record: Uint8Array): boolean =>
  isChunk(record.subarray(HEAD, HEAD + CHUNK_HEAD), record.length - HEAD);
const isKnown = (opcode: number): boolean => opcode > 0 && opcode <= Opcode.DATA_END;
const isMagic = (bytes: Uint8Array): boolean => Buffer.from(bytes).toString("latin1", 0, MAGIC.length) === MAGIC;
