import type { Board } from "../board.js";
import { messageFrame, timeFrame } from "../protocol.js";
import type { Frame, ServedChannel } from "../thread.js";
import type { ImageCounts } from "./lag.js";

/** The part of a `WebSocket` of `ws` that an outlet uses. */
export interface Connection {
  /** Bytes passed to `send` that the operating system has not taken yet. */
  readonly bufferedAmount: number;
  send(data: Uint8Array | string, done: (error?: Error | null) => void): void;
}

/** The next image is sent when at most this many bytes wait in the process: one image is in progress, not a queue. */
const IMAGE_ROOM = 64 * 1024;
/** Largest total of small messages that wait for a client that does not read, bytes. */
const SMALL_ROOM = 256 * 1024;

/**
 * Sends one client its messages. Small messages are sent at once. An image is sent when the connection has room; until
 * then the client waits, and asks for the newest one when it has, so that a slow client costs only the images it misses.
 * Memory: one image in progress for each image channel, and `SMALL_ROOM`.
 */
export class Outlet {
  readonly #connection: Connection;
  readonly #channels: readonly ServedChannel[];
  readonly #board: Board;
  readonly #want: (channel: number) => void;
  /** Channel and number of each subscription. */
  readonly #subscriptions = new Map<number, number>();
  /** Image channels whose newest message found no room, the longest waiting first. */
  readonly #waiting = new Set<number>();
  /** Sequence number of the newest message sent, by channel. */
  readonly #sent = new Map<number, number>();
  #images = { sent: 0, missed: 0 };
  #smallPending = 0;
  #buffered = 0;
  #closed = false;

  /** @param want called with an image channel that the connection has room for again */
  constructor(
    connection: Connection,
    channels: readonly ServedChannel[],
    board: Board,
    want: (channel: number) => void,
  ) {
    this.#connection = connection;
    this.#channels = channels;
    this.#board = board;
    this.#want = want;
  }

  has(subscription: number): boolean {
    return [...this.#subscriptions.values()].includes(subscription);
  }

  isSubscribedTo(channel: number): boolean {
    return this.#subscriptions.has(channel);
  }

  /** @param stamp stamp of the newest data, nanoseconds, for a latched message, which has none */
  subscribe(channel: number, subscription: number, stamp: bigint): void {
    this.#subscriptions.set(channel, subscription);
    this.#board.addSubscribers(channel, 1);
    this.#board.addTakers(channel, 1);
    this.sendLatched(channel, stamp);
  }

  /** Ends a subscription by its number. Returns false where there is none. */
  unsubscribe(subscription: number): boolean {
    for (const [channel, number] of this.#subscriptions) {
      if (number !== subscription) continue;
      this.#end(channel);
      return true;
    }
    return false;
  }

  /** Tells the client the stamp of a new tick, nanoseconds. */
  tell(stamp: bigint): void {
    this.sendSmall(timeFrame(stamp));
  }

  /** Sends a latched message again, which has changed, to a client that is subscribed to it. */
  sendLatched(channel: number, stamp: bigint): void {
    const { latched } = this.#channels[channel]!;
    if (latched && this.#subscriptions.has(channel)) this.#sendCounted(channel, stamp, latched);
  }

  /** Sends a large frame. Resolves when the connection has taken it, or is closed. */
  sendLarge(data: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#closed) resolve();
      else this.#send(data, false, resolve);
    });
  }

  /** Sends a message if the client is subscribed to its channel, has not had it, and has room. */
  offer({ channel, sequence, stamp, data }: Frame): void {
    if (!this.#subscriptions.has(channel) || sequence <= (this.#sent.get(channel) ?? -1)) return;
    if (this.#channels[channel]!.delivery === "every") {
      if (this.#smallPending > SMALL_ROOM) this.#board.add("refused", 1);
      else this.#sendCounted(channel, stamp, data);
    } else if (this.#waiting.has(channel)) {
      this.#board.add("replaced", 1);
    } else if (this.#connection.bufferedAmount > IMAGE_ROOM) {
      this.#waiting.add(channel);
      this.#images.missed++;
      this.#board.addTakers(channel, -1);
    } else {
      this.#images.sent++;
      this.#sent.set(channel, sequence);
      this.#sendCounted(channel, stamp, data);
    }
    this.#pump();
  }

  /** What became of the images since the last call. */
  takeImages(): ImageCounts {
    const { sent, missed } = this.#images;
    this.#images = { sent: 0, missed: 0 };
    return { sent, missed: missed + this.#waiting.size };
  }

  /** Sends a small frame or text unless too many are waiting. */
  sendSmall(data: Uint8Array | string): void {
    if (this.#smallPending > SMALL_ROOM) this.#board.add("refused", 1);
    else this.#send(data);
  }

  close(): void {
    this.#closed = true;
    for (const channel of this.#subscriptions.keys()) this.#end(channel);
    this.#board.add("bufferedBytes", -this.#buffered);
    this.#buffered = 0;
  }

  #end(channel: number): void {
    this.#subscriptions.delete(channel);
    this.#sent.delete(channel);
    this.#board.addSubscribers(channel, -1);
    if (!this.#waiting.delete(channel)) this.#board.addTakers(channel, -1);
  }

  #sendCounted(channel: number, stamp: bigint, data: Uint8Array): void {
    const frame = messageFrame(this.#subscriptions.get(channel)!, stamp, data);
    this.#send(frame, this.#channels[channel]!.delivery === "every");
    this.#board.add("sent", 1);
  }

  #send(data: Uint8Array | string, isSmall = true, sent?: () => void): void {
    if (this.#closed) return;
    const size = isSmall ? data.length : 0;
    this.#smallPending += size;
    this.#connection.send(data, () => {
      this.#smallPending -= size;
      sent?.();
      this.#note();
      this.#pump();
    });
    this.#note();
  }

  /** Notes on the board how much waits in the process. */
  #note(): void {
    if (this.#closed) return;
    const { bufferedAmount } = this.#connection;
    this.#board.add("bufferedBytes", bufferedAmount - this.#buffered);
    this.#buffered = bufferedAmount;
  }

  /** Asks for the image that has waited longest, if the connection has room. */
  #pump(): void {
    if (this.#closed || this.#connection.bufferedAmount > IMAGE_ROOM) return;
    for (const channel of this.#waiting) {
      this.#waiting.delete(channel);
      this.#board.addTakers(channel, 1);
      this.#want(channel);
      return;
    }
  }
}
