import type { Explanation } from "../explain/explanation.js";
import type { ChannelEncoder } from "../messages/channel-encoder.js";
import type { Channel } from "../messages/channels.js";
import { messageFrame, timeFrame } from "./protocol.js";

/** The part of a `WebSocket` of `ws` that an outlet uses. */
export interface Connection {
  /** Bytes passed to `send` that the operating system has not taken yet. */
  readonly bufferedAmount: number;
  send(data: Uint8Array | string, done: (error?: Error | null) => void): void;
}

export interface OutletCounts {
  /** Number of messages sent, on all channels. */
  sent: number;
  /** Number of images that a newer one replaced before the client could take them. */
  replaced: number;
  /** Number of small messages dropped because too many were waiting. */
  refused: number;
}

/** The next image is sent when at most this many bytes wait in the process: one image is in progress, not a queue. */
const IMAGE_ROOM = 64 * 1024;
/** Largest total of small messages that wait for a client that does not read, bytes. */
const SMALL_ROOM = 256 * 1024;

interface Waiting {
  readonly stamp: bigint;
  /** Called when the connection has room. */
  readonly encode: () => ReturnType<ChannelEncoder["encode"]>;
}

/**
 * Sends one client its messages. Small messages are sent at once. Of every image channel only the newest message waits, and
 * it is encoded when the connection has room, so that a slow client costs only the images it misses.
 * Memory: one image in progress for each image channel, and `SMALL_ROOM`.
 */
export class Outlet {
  readonly counts: OutletCounts = { sent: 0, replaced: 0, refused: 0 };
  readonly #connection: Connection;
  readonly #encoder: ChannelEncoder;
  readonly #fail: (error: unknown) => void;
  readonly #subscriptions = new Map<Channel, number>();
  readonly #waiting = new Map<Channel, Waiting>();
  readonly #encoding = new Set<Channel>();
  #smallPending = 0;
  #closed = false;

  /** @param fail called with an error of an asynchronous conversion, which no caller can catch */
  constructor(connection: Connection, encoder: ChannelEncoder, fail: (error: unknown) => void) {
    this.#connection = connection;
    this.#encoder = encoder;
    this.#fail = fail;
  }

  has(subscription: number): boolean {
    return [...this.#subscriptions.values()].includes(subscription);
  }

  isSubscribedTo(channel: Channel): boolean {
    return this.#subscriptions.has(channel);
  }

  /** @param stamp stamp of the newest data, nanoseconds, for a latched message, which has none */
  subscribe(channel: Channel, subscription: number, stamp: bigint): void {
    this.#subscriptions.set(channel, subscription);
    if (channel.latched) {
      this.#waiting.set(channel, { stamp, encode: () => this.#encoder.encodeLatched(channel) });
      this.#pump();
    }
  }

  /** Ends a subscription by its number. Returns false where there is none. */
  unsubscribe(subscription: number): boolean {
    for (const [channel, number] of this.#subscriptions) {
      if (number !== subscription) continue;
      this.#waiting.delete(channel);
      return this.#subscriptions.delete(channel);
    }
    return false;
  }

  /** Offers a tick: sends small messages, and replaces images that are still waiting. */
  offer(explanation: Explanation): void {
    if (this.#subscriptions.size === 0) return;
    const { stamp } = explanation.observation;
    this.sendSmall(timeFrame(stamp));
    for (const channel of this.#subscriptions.keys()) {
      if (channel.latched) continue;
      const waiting: Waiting = { stamp, encode: () => this.#encoder.encode(channel, explanation) };
      if (channel.delivery === "latest") {
        if (this.#waiting.has(channel)) this.counts.replaced++;
        this.#waiting.set(channel, waiting);
      } else {
        this.#convert(channel, waiting, (frame) => {
          if (this.sendSmall(frame)) this.counts.sent++;
        });
      }
    }
    this.#pump();
  }

  /** Sends a small frame or text unless too many are waiting. Returns true where it was sent. */
  sendSmall(data: Uint8Array | string): boolean {
    if (this.#closed) return false;
    if (this.#smallPending > SMALL_ROOM) {
      this.counts.refused++;
      return false;
    }
    const size = data.length;
    this.#smallPending += size;
    this.#connection.send(data, () => {
      this.#smallPending -= size;
      this.#pump();
    });
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#subscriptions.clear();
    this.#waiting.clear();
  }

  /** Sends waiting images, the longest waiting first, while the connection has room. */
  #pump(): void {
    for (const [channel, waiting] of this.#waiting) {
      if (this.#closed || this.#connection.bufferedAmount > IMAGE_ROOM) return;
      if (this.#encoding.has(channel)) continue;
      this.#waiting.delete(channel);
      this.#encoding.add(channel);
      this.#convert(channel, waiting, (frame) => {
        this.#connection.send(frame, () => this.#pump());
        this.counts.sent++;
      });
    }
  }

  /** Encodes and sends a frame, at once where the encoding is synchronous; drops it if the subscription has ended. */
  #convert(channel: Channel, { stamp, encode }: Waiting, send: (frame: Uint8Array) => void): void {
    const finish = (data: Uint8Array | undefined) => {
      this.#encoding.delete(channel);
      const subscription = this.#subscriptions.get(channel);
      if (data && subscription !== undefined && !this.#closed) send(messageFrame(subscription, stamp, data));
    };
    const fail = (error: unknown) => {
      this.#encoding.delete(channel);
      this.#fail(error);
    };
    try {
      const encoded = encode();
      if (encoded instanceof Promise) {
        encoded
          .then(finish)
          .then(() => this.#pump())
          .catch(fail);
      } else finish(encoded);
    } catch (error) {
      fail(error);
    }
  }
}
