import type { AdvertisedChannel } from "./protocol.js";

/** A channel as the server's thread knows it. */
export interface ServedChannel {
  readonly advertised: AdvertisedChannel;
  /** `latest`: a slow client gets only the newest message (images). */
  readonly delivery: "every" | "latest";
  /** CDR bytes of a message that never changes, sent once to every subscriber. */
  readonly latched?: Uint8Array | undefined;
}

/** Data with which the server's thread starts. */
export interface ServerStart {
  readonly host: string;
  readonly port: number;
  readonly allowedOrigins: readonly string[];
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly channels: readonly ServedChannel[];
  readonly board: SharedArrayBuffer;
}

/** A message of one channel, encoded. */
export interface Frame {
  /** Index of the channel. */
  readonly channel: number;
  /** Number of the explanation, counting up: a client gets each at most once. */
  readonly sequence: number;
  /** Nanoseconds. */
  readonly stamp: bigint;
  readonly data: Uint8Array;
}

/** To the server's thread. `time`: stamp of a new tick, nanoseconds. */
export type ServerRequest = { readonly time?: bigint; readonly frames: readonly Frame[] } | { readonly close: true };

export type ServerReply =
  | { readonly port: number }
  /** The server does not listen: code and message of Node's error. */
  | { readonly failed: string; readonly code: string | undefined }
  /** A client has room for the newest message of a channel. */
  | { readonly wanted: number }
  /** The thread has received a message of a `latest` channel. */
  | { readonly taken: number }
  /** A line for the user: a page that was refused, a client that was expelled. */
  | { readonly notice: string };
