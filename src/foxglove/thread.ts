import type { Session } from "../web/answers.js";
import type { AdvertisedChannel, AdvertisedService, ServedParameter } from "./protocol.js";

/** A channel as the server's thread knows it. */
export interface ServedChannel {
  readonly advertised: AdvertisedChannel;
  /** `latest`: a slow client gets only the newest message (images). */
  readonly delivery: "every" | "latest";
  /** CDR bytes of a message that is sent once to every subscriber, and again when it changes. */
  readonly latched?: Uint8Array | undefined;
}

/** Data with which the server's thread starts. */
export interface ServerStart {
  readonly host: string;
  /** Port of the socket alone; undefined: there is only that of the page. */
  readonly port: number | undefined;
  readonly allowedOrigins: readonly string[];
  /** Word that every client must know; left out: none. */
  readonly token?: string | undefined;
  readonly page?: ServedPage | undefined;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly channels: readonly ServedChannel[];
  /** Parameters and services that clients have; empty: none. */
  readonly parameters: readonly ServedParameter[];
  readonly services: readonly AdvertisedService[];
  /** URIs of the meshes in the robot description. */
  readonly meshes: readonly string[];
  /** True: clients may look but change nothing. */
  readonly readOnly: boolean;
  readonly board: SharedArrayBuffer;
}

/** The page, on a port of its own, with the same socket. */
export interface ServedPage {
  /** Left out: the usual port, or any free one if that is in use. */
  readonly port: number | undefined;
  /** Folder of the built page. */
  readonly folder: string;
  readonly session: Session;
}

/** Ports that a server listens on. */
export interface Ports {
  readonly socket: number | undefined;
  readonly page: number | undefined;
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
export type ServerRequest =
  | { readonly time?: bigint; readonly frames: readonly Frame[] }
  /** Changed values of parameters. */
  | { readonly parameters: readonly ServedParameter[] }
  /** A change (`set`) was made, or refused for a reason. */
  | { readonly settled: number; readonly refusal: string | undefined }
  /** A service call (`call`) has its response, or why there is none. */
  | { readonly answered: number; readonly outcome: { readonly data: Uint8Array } | { readonly failure: string } }
  /** Latched messages that changed, by channel, and URIs of the robot's meshes. */
  | { readonly latched: readonly (readonly [channel: number, data: Uint8Array])[]; readonly meshes: readonly string[] }
  | { readonly close: true };

export type ServerReply =
  | { readonly ports: Ports }
  /** The server does not listen on one of its ports: code and message of Node's error. */
  | { readonly failed: string; readonly code: string | undefined; readonly at: "socket" | "page" }
  /** A client has room for the newest message of a channel. */
  | { readonly wanted: number }
  /** The thread has received a message of a `latest` channel. */
  | { readonly taken: number }
  /** A client wants to change parameters. */
  | { readonly set: number; readonly change: readonly (readonly [name: string, value: unknown])[] }
  /** A client calls a service, with a request in CDR. */
  | { readonly call: number; readonly serviceId: number; readonly data: Uint8Array<ArrayBuffer> }
  /** A line for the user: a page that was refused, a client that was expelled. */
  | { readonly notice: string };
