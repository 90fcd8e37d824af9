import type { Explanation } from "../explain/explanation.js";
import type { ChannelEncoder } from "../messages/channel-encoder.js";
import type { Channel } from "../messages/channels.js";
import { messageFrame, timeFrame } from "./protocol.js";

/** What an outlet needs of a connection; a `WebSocket` of `ws` has it. */
export interface Wire {
  /** Bytes handed to `send` and not yet taken by the operating system. */
  readonly bufferedAmount: number;
  send(data: Uint8Array | string, done: (error?: Error | null) => void): void;
}

export interface OutletCounts {
  /** Messages sent, all channels. */
  sent: number;
  /** Images that a newer one replaced before the client could take them. */
  replaced: number;
  /** Small messages refused because the client had taken none for long. */
  refused: number;
}

/** The next image leaves when no more than this waits in the process, bytes: one frame is under way, not a queue. */
const IMAGE_ROOM = 64 * 1024;
/** Most that small messages may pile up to for a client that does not read, bytes. */
const SMALL_ROOM = 256 * 1024;

interface Waiting {
  readonly stamp: bigint;
  /** Encodes when its turn comes, not before. */
  readonly encode: () => ReturnType<ChannelEncoder["encode"]>;
}

/**
 * What one client gets. Small messages leave at once. Of every image channel only the newest message waits, and it is
 * encoded when the connection has room: a slow client costs nothing but the images it misses.
 * Memory: one image under way for each image channel, and `SMALL_ROOM`.
 */
export class Outlet {
  readonly counts: OutletCounts = { sent: 0, replaced: 0, refused: 0 };
  readonly #wire: Wire;
  readonly #encoder: ChannelEncoder;
  readonly #fail: (error: unknown) => void;
  readonly #subscriptions = new Map<Channel, number>();
  readonly #waiting = new Map<Channel, Waiting>();
  readonly #encoding = new Set<Channel>();
  #smallPending = 0;
  #closed = false;

  /** @param fail takes an error of the conversion, which has no caller here to throw to. */
  constructor(wire: Wire, encoder: ChannelEncoder, fail: (error: unknown) => void) {
    this.#wire = wire;
    this.#encoder = encoder;
    this.#fail = fail;
  }

  has(subscription: number): boolean {
    return [...this.#subscriptions.values()].includes(subscription);
  }

  listensTo(channel: Channel): boolean {
    return this.#subscriptions.has(channel);
  }

  /** @param stamp stamp of the newest data, nanoseconds; goes with a latched message, which has none. */
  subscribe(channel: Channel, subscription: number, stamp: bigint): void {
    this.#subscriptions.set(channel, subscription);
    if (channel.latched) {
      this.#waiting.set(channel, { stamp, encode: () => this.#encoder.encodeLatched(channel) });
      this.#pump();
    }
  }

  /** Ends a subscription by its number; false where there is none. */
  unsubscribe(subscription: number): boolean {
    for (const [channel, number] of this.#subscriptions) {
      if (number !== subscription) continue;
      this.#waiting.delete(channel);
      return this.#subscriptions.delete(channel);
    }
    return false;
  }

  /** Offers a tick: sends what is small, lets the images take the place of those still waiting. */
  offer(explanation: Explanation): void {
    if (this.#subscriptions.size === 0) return;
    const { stamp } = explanation.observation;
    this.sendSmall(timeFrame(stamp));
    for (const channel of this.#subscriptions.keys()) {
      if (channel.latched) continue;
      const waiting: Waiting = { stamp, encode: () => this.#encoder.encode(channel, explanation) };
      if (channel.wanted === "latest") {
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

  /** Sends a small frame or text unless the client left too many unread; says whether it did. */
  sendSmall(data: Uint8Array | string): boolean {
    if (this.#closed) return false;
    if (this.#smallPending > SMALL_ROOM) {
      this.counts.refused++;
      return false;
    }
    const size = data.length;
    this.#smallPending += size;
    this.#wire.send(data, () => {
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

  /** Sends waiting images, longest wait first, while the connection has room. */
  #pump(): void {
    for (const [channel, waiting] of this.#waiting) {
      if (this.#closed || this.#wire.bufferedAmount > IMAGE_ROOM) return;
      if (this.#encoding.has(channel)) continue;
      this.#waiting.delete(channel);
      this.#encoding.add(channel);
      this.#convert(channel, waiting, (frame) => {
        this.#wire.send(frame, () => this.#pump());
        this.counts.sent++;
      });
    }
  }

  /** Encodes and hands the frame on, at once where the conversion is; drops it if nobody listens any more. */
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
