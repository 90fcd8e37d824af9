import { McapIndexedReader, type McapTypes } from "@mcap/core";
import { signal } from "@preact/signals";
import { decompress } from "fzstd";
import { type Decode, decoderOf } from "../wire/decoder.js";
import { Listeners } from "./listeners.js";
import { readUntil } from "./readable.js";
import type { Condition, Message, Source, Topic } from "./source.js";

/** How far before a moment its messages are looked for, nanoseconds. */
const REACH = 500_000_000n;
/** Longest wait between two messages of a recording that is played, milliseconds: gaps are not sat through. */
const LONGEST_WAIT = 1000;

type TypedMessage = McapTypes.TypedMcapRecords["Message"];

/** A recording: an indexed MCAP file with ROS 2 messages, played or shown at one moment. */
export class RecordingSource implements Source {
  readonly condition = signal<Condition>({ state: "open", text: "recording" });
  readonly topics = signal<readonly Topic[]>([]);
  readonly playing = signal(false);
  /** 1: as fast as it was. */
  readonly speed = signal(1);
  /** Log time that is shown, nanoseconds. */
  readonly time = signal(0n);
  readonly start: bigint;
  readonly end: bigint;
  readonly listeners = new Listeners();
  readonly #reader: McapIndexedReader;
  readonly #wanted = new Set<string>();
  readonly #decoders = new Map<number, Decode>();
  /** Rises with every jump: what reads for an older one stops. */
  #turn = 0;
  #refresh: ReturnType<typeof setTimeout> | undefined;
  readonly #closing: AbortController;

  /** @throws Error with a sentence that says what to do, for a file that is no such recording */
  static async open(readable: McapTypes.IReadable, name: string, url?: string): Promise<RecordingSource> {
    let reader: McapIndexedReader;
    const closing = new AbortController();
    const open = readUntil(closing.signal, readable);
    try {
      reader = await McapIndexedReader.Initialize({ readable: open, decompressHandlers: { zstd: unpackZstd } });
    } catch (error) {
      throw new Error(
        `${name}: not an MCAP file with an index (${(error as Error).message}). Run torquelens view ${name}, which also reads other recordings`,
      );
    }
    const packed = reader.chunkIndexes.find(({ compression }) => !["", "zstd"].includes(compression));
    if (packed)
      throw new Error(`${name}: packed with ${packed.compression}. Run torquelens view ${name}, which can unpack it`);
    if (reader.chunkIndexes.length === 0) throw new Error(`${name}: there is no message in it`);
    return new RecordingSource(reader, closing, name, url);
  }

  private constructor(
    reader: McapIndexedReader,
    /** Its signal ends all reading. */
    closing: AbortController,
    readonly name: string,
    /** Of the page's server; undefined for a file of the user's. */
    readonly url: string | undefined,
  ) {
    this.#reader = reader;
    this.#closing = closing;
    const starts = reader.chunkIndexes.map(({ messageStartTime }) => messageStartTime);
    const ends = reader.chunkIndexes.map(({ messageEndTime }) => messageEndTime);
    this.start = starts.reduce((a, b) => (b < a ? b : a));
    this.end = ends.reduce((a, b) => (b > a ? b : a));
    this.time.value = this.start;
    this.topics.value = [...reader.channelsById.values()]
      .filter(({ messageEncoding }) => messageEncoding === "cdr")
      .map(({ topic, schemaId }) => ({ topic, type: reader.schemasById.get(schemaId)?.name ?? "" }));
  }

  want(topic: string, wanted: boolean): void {
    // Panels let go of their topics after their run is closed.
    if (this.#closing.signal.aborted || wanted === this.#wanted.has(topic)) return;
    if (wanted) this.#wanted.add(topic);
    else this.#wanted.delete(topic);
    // Several topics are asked for at once: one look serves them all.
    clearTimeout(this.#refresh);
    this.#refresh = setTimeout(() => this.seek(this.time.peek()), 0);
  }

  play(): void {
    if (this.playing.peek()) return;
    this.playing.value = true;
    const from = this.time.peek() >= this.end ? this.start : this.time.peek();
    this.#run(++this.#turn, from).catch((error) => this.fail(error));
  }

  pause(): void {
    this.#turn++;
    this.playing.value = false;
  }

  /** Shows the newest message of every topic at a moment; goes on from there if it plays. */
  seek(time: bigint): void {
    const turn = ++this.#turn;
    this.time.value = time < this.start ? this.start : time > this.end ? this.end : time;
    this.#look(turn)
      .then(async () => {
        if (turn === this.#turn && this.playing.peek()) await this.#run(turn, this.time.peek());
      })
      .catch((error) => this.fail(error));
  }

  /** Reads all messages of a topic in order, with pauses in which the page can do other work. */
  async scan(topic: string, take: (message: Message) => void, signal: AbortSignal): Promise<void> {
    let count = 0;
    try {
      for await (const message of this.#reader.readMessages({ topics: [topic] })) {
        if (signal.aborted || this.#closing.signal.aborted) return;
        take(this.#decoded(message));
        if (++count % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /** A part of the recording as an MCAP file. */
  async clip(from: bigint, to: bigint): Promise<Blob> {
    const { clipOf } = await import("./clip.js");
    return clipOf(this.#reader, from, to);
  }

  fail(error: unknown): void {
    this.pause();
    if (this.#closing.signal.aborted) return;
    this.condition.value = { state: "failed", text: (error as Error).message };
  }

  /** Nothing is read from here on. */
  close(): void {
    this.pause();
    clearTimeout(this.#refresh);
    this.#closing.abort();
  }

  async #look(turn: number): Promise<void> {
    const newest = new Map<string, TypedMessage>();
    const topics = [...this.#wanted];
    const endTime = this.time.peek();
    const window = { topics, startTime: endTime - REACH, endTime };
    for await (const message of this.#reader.readMessages(window)) {
      if (turn !== this.#turn) return;
      newest.set(this.#topicOf(message), message);
    }
    // A latched topic has one message, at the start.
    const missing = topics.filter((topic) => !newest.has(topic) && /robot_description$/.test(topic));
    for await (const message of this.#reader.readMessages({ topics: missing })) {
      if (turn !== this.#turn) return;
      this.listeners.message(this.#decoded(message));
      break;
    }
    const messages = [...newest.values()].sort((a, b) => Number(a.logTime - b.logTime) || a.sequence - b.sequence);
    for (const message of messages) this.listeners.message(this.#decoded(message));
  }

  async #run(turn: number, from: bigint): Promise<void> {
    let shownAt = performance.now();
    let shown = from;
    for await (const message of this.#reader.readMessages({ topics: [...this.#wanted], startTime: from + 1n })) {
      if (turn !== this.#turn) return;
      const due = shownAt + Math.min(LONGEST_WAIT, Number(message.logTime - shown) / 1e6 / this.speed.peek());
      const wait = due - performance.now();
      if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
      if (turn !== this.#turn) return;
      if (message.logTime > shown) {
        shown = message.logTime;
        // A page that is too slow does not hurry to catch up.
        shownAt = Math.max(due, performance.now() - 100);
        this.time.value = shown;
      }
      this.listeners.message(this.#decoded(message));
    }
    if (turn === this.#turn) {
      this.time.value = this.end;
      this.playing.value = false;
    }
  }

  #topicOf = ({ channelId }: TypedMessage): string => this.#reader.channelsById.get(channelId)!.topic;

  #decoded(message: TypedMessage): Message {
    let decode = this.#decoders.get(message.channelId);
    if (!decode) {
      const { schemaId } = this.#reader.channelsById.get(message.channelId)!;
      const schema = this.#reader.schemasById.get(schemaId);
      decode = decoderOf(new TextDecoder().decode(schema?.data));
      this.#decoders.set(message.channelId, decode);
    }
    return { topic: this.#topicOf(message), time: message.logTime, data: decode(message.data) };
  }
}

/** Unpacks a chunk of the size that the file says, and no more. */
function unpackZstd(packed: Uint8Array, size: bigint): Uint8Array {
  if (size > 1n << 28n) throw new Error(`a chunk of ${size} bytes, expected at most 256 MiB`);
  return decompress(packed, new Uint8Array(Number(size)));
}
