import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { InputError } from "../errors.js";
import type { Explanation } from "../explain/explanation.js";
import type { Sink } from "../explain/pipeline.js";
import type { ChannelEncoder } from "../messages/channel-encoder.js";
import type { Channel } from "../messages/channels.js";
import { messageType } from "../messages/definitions.js";
import { pageFolder } from "../package-files.js";
import { addressOf, bindError, PAGE_PORT } from "../web/listening.js";
import { originOf } from "../web/origins.js";
import { tokenFor } from "../web/token.js";
import { Board, type Counts } from "./board.js";
import { ControlDesk } from "./control-desk.js";
import type { Controls } from "./controls.js";
import type { AdvertisedChannel } from "./protocol.js";
import type { Frame, Ports, ServerReply, ServerRequest, ServerStart } from "./thread.js";

export interface PageOptions {
  /** TCP port; default 8080, or any free one if that is in use; 0 for any free port. */
  readonly port?: number | undefined;
  /** Folder of the built page; default the package's own. */
  readonly folder?: string;
}

export interface FoxgloveOptions {
  readonly encoder: ChannelEncoder;
  /** Of a second explanation of the same ticks, whose channels are served too. */
  readonly compared?: ChannelEncoder | undefined;
  /** Address to bind to; default 127.0.0.1, this machine only. */
  readonly host?: string;
  /** TCP port of the socket, default 8765; 0 for any free port; `page`: none but that of the page. */
  readonly port?: number | "page";
  /**
   * Origins of web pages that may connect, such as `https://viewer.example`, beside pages of this machine; `*` is every
   * page. Programs, which send no origin, may always connect.
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * Word that every client must know: `?token=` in the address, or the header `Authorization: Bearer`. Default: none on
   * this machine only; at another address a random one, which `url` and `pageUrl` hold.
   */
  readonly token?: string | undefined;
  /** Serves the page too, on a port of its own, which is also the page's socket. */
  readonly page?: PageOptions | undefined;
  /** Name of the server in viewers. */
  readonly name?: string | undefined;
  /** Facts for viewers to show, such as the policy's hash. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Parameters and services for clients; default none. */
  readonly controls?: Controls | undefined;
  /** True: clients may look but change nothing. */
  readonly readOnly?: boolean;
  /** Called with a line for the user, such as a page that was refused. */
  readonly notice?: (line: string) => void;
}

export interface FoxgloveStats {
  /** Number of clients connected now. */
  readonly clients: number;
  /** Bytes waiting in this process for all clients together. */
  readonly bufferedBytes: number;
  /** Number of messages sent, on all channels to all clients. */
  readonly sent: number;
  /** Number of images that a newer one replaced before a client could take them. */
  readonly replaced: number;
  /** Number of small messages dropped because too many were waiting. */
  readonly refused: number;
  /** Number of clients that were expelled because they sent too much or too many errors. */
  readonly expelled: number;
}

/** Distribution of ROS 2 whose message definitions the channels have: the sourced one, or that of the bundled ones. */
const ROS_DISTRO = process.env.ROS_DISTRO || "jazzy";
/** Largest total of small messages on their way to the server's thread, bytes. */
const PIPE_ROOM = 4 * 1024 * 1024;

/**
 * Serves the channels live to Foxglove-compatible viewers over WebSocket, from a thread of its own. `write` returns at
 * once: messages that a client is too slow for are dropped and counted; channels without subscribers are not encoded, and
 * images only while a client can take them.
 */
export class FoxgloveSink implements Sink {
  /** Address for viewers, `ws://host:port`, with the token where one is needed. */
  readonly url: string;
  /** Address of the page, `http://host:port`, with the token where one is needed; undefined where none is served. */
  readonly pageUrl: string | undefined;
  readonly #encoder: ChannelEncoder;
  readonly #outputs: readonly Output[];
  readonly #worker: Worker;
  readonly #board: Board;
  readonly #ended: Promise<unknown>;
  /** Image channels with a message on its way to the server's thread. */
  readonly #busy = new Set<number>();
  /** Image channels whose message of the newest explanation was not encoded. */
  readonly #skipped = new Set<number>();
  readonly #newest = new Map<ChannelEncoder, Explanation>();
  #sequence = 0;
  #closing = false;
  #failure: { readonly error: unknown } | undefined;

  /**
   * Starts to listen.
   * @throws InputError for a port that is in use, an address that cannot be bound to, or an invalid origin
   */
  static async listen(options: FoxgloveOptions): Promise<FoxgloveSink> {
    const { encoder, host = "127.0.0.1", port = 8765, name = "torquelens", metadata = {}, readOnly = false } = options;
    if (port === "page" && !options.page) throw new Error("a socket on the page's port needs a page");
    if (host === "") throw new InputError("host: found an empty address, expected one such as 127.0.0.1");
    const outputs = outputsOf(options);
    const board = new Board(outputs.length);
    const channels = outputs.map(({ encoder, channel }, index) => ({
      advertised: advertised(channel, index),
      delivery: channel.delivery,
      latched: encoder.encodeLatched(channel),
    }));
    const desk = new ControlDesk(options.controls ?? {});
    const allowedOrigins = (options.allowedOrigins ?? []).map(checkedOrigin);
    const token = tokenFor(host, options.token);
    const page = options.page && {
      port: options.page.port,
      folder: options.page.folder ?? pageFolder(),
      session: { mode: "live" as const, name, readOnly },
    };
    const start: ServerStart = {
      host,
      port: port === "page" ? undefined : port,
      allowedOrigins,
      token,
      page,
      name,
      metadata: { ROS_DISTRO, ...metadata },
      channels,
      parameters: desk.parameters(),
      services: desk.services(),
      meshes: encoder.meshes,
      readOnly,
      board: board.memory,
    };
    const worker = new Worker(new URL("./server/server-worker.js", import.meta.url), { workerData: start });
    const ended = once(worker, "exit").catch(() => undefined);
    const [first] = (await once(worker, "message")) as [ServerReply];
    if (!("ports" in first)) {
      await ended;
      if (!("failed" in first)) throw new Error("the server did not start");
      const failure = { message: first.failed, code: first.code };
      throw first.at === "page"
        ? bindError(failure, "page port", host, page?.port ?? PAGE_PORT)
        : bindError(failure, "port", host, Number(port));
    }
    return new FoxgloveSink({ ...options, host, token }, desk, worker, ended, board, first.ports);
  }

  private constructor(
    options: FoxgloveOptions & { readonly host: string },
    desk: ControlDesk,
    worker: Worker,
    ended: Promise<unknown>,
    board: Board,
    { socket, page }: Ports,
  ) {
    const { encoder, host, token, notice } = options;
    this.url = addressOf("ws", host, (socket ?? page)!, token);
    this.pageUrl = page === undefined ? undefined : addressOf("http", host, page, token);
    this.#encoder = encoder;
    this.#outputs = outputsOf(options);
    this.#worker = worker;
    this.#board = board;
    this.#ended = ended;
    worker.on("message", (reply: ServerReply) => {
      if ("notice" in reply) notice?.(reply.notice);
      else if ("wanted" in reply) this.#offerAgain(reply.wanted);
      else if ("taken" in reply) this.#freed(reply.taken);
      else void desk.answer(reply, (request) => this.#tell(request));
    });
    desk.watch((request) => this.#tell(request));
    worker.on("error", (error) => this.#fail(new Error(`the live socket's thread failed: ${error.message}`)));
  }

  write(explanation: Explanation): void {
    this.#write(explanation, this.#encoder);
  }

  /** Writes the second explanation of a tick, on the channels of the encoder `compared`. */
  writeCompared(explanation: Explanation): void {
    const encoder = this.#outputs.at(-1)!.encoder;
    if (encoder === this.#encoder) throw new Error("there is no encoder for a second explanation");
    this.#write(explanation, encoder);
  }

  #write(explanation: Explanation, encoder: ChannelEncoder): void {
    this.#throwFailure();
    this.#newest.set(encoder, explanation);
    this.#sequence += 1;
    const frames: Frame[] = [];
    for (const [index, { encoder: own, channel }] of this.#outputs.entries()) {
      if (own !== encoder || this.#board.subscribers(index) === 0) continue;
      if (channel.latched) continue;
      if (channel.delivery === "latest") this.#offerImage(index, frames);
      else if (this.#board.get("inPipe") > PIPE_ROOM) this.#board.add("refused", 1);
      else this.#convert(index, explanation, frames);
    }
    const time = encoder === this.#encoder ? { time: explanation.observation.stamp } : {};
    if (this.#board.get("clients") > 0) this.#post({ ...time, frames });
    this.#throwFailure();
  }

  /** Sends the robot description again, after the encoder was given another robot. */
  robotChanged(): void {
    this.#sendLatched("/robot_description");
  }

  /** Sends the diagnostics again, after the encoder was given newer ones. */
  reportChanged(): void {
    this.#sendLatched("/diagnostics");
  }

  #sendLatched(topic: string): void {
    const latched = this.#outputs.flatMap(({ encoder, channel }, index) => {
      const data = channel.topic === topic ? encoder.encodeLatched(channel) : undefined;
      return data ? [[index, data] as const] : [];
    });
    this.#tell({ latched, meshes: this.#encoder.meshes });
  }

  stats(): FoxgloveStats {
    const { inPipe, ...stats }: Counts = this.#board.counts();
    return stats;
  }

  async close(): Promise<void> {
    if (!this.#closing) this.#worker.postMessage({ close: true } satisfies ServerRequest);
    this.#closing = true;
    await this.#ended;
  }

  /** Encodes an image of the newest explanation if a client can take it and none is on its way. */
  #offerImage(index: number, frames?: Frame[]): void {
    const hasTaker = this.#board.takers(index) > 0;
    if (hasTaker && !this.#busy.has(index)) {
      this.#skipped.delete(index);
      this.#busy.add(index);
      this.#convert(index, this.#newest.get(this.#outputs[index]!.encoder)!, frames);
      return;
    }
    if (!hasTaker || this.#skipped.has(index)) this.#board.add("replaced", this.#board.subscribers(index));
    this.#skipped.add(index);
  }

  /** A client that had no room for an image has it again. */
  #offerAgain(index: number): void {
    if (!this.#newest.has(this.#outputs[index]!.encoder) || this.#closing) return;
    if (this.#busy.has(index)) this.#skipped.add(index);
    else this.#offerImage(index);
  }

  /** An image has arrived, or there was none. */
  #freed(index: number): void {
    this.#busy.delete(index);
    if (this.#skipped.has(index) && this.#board.takers(index) > 0 && !this.#closing) this.#offerImage(index);
  }

  /** Encodes a message and sends it to the server's thread, with `frames` where that can be done at once. */
  #convert(index: number, explanation: Explanation, frames?: Frame[]): void {
    const { encoder, channel } = this.#outputs[index]!;
    const { stamp } = explanation.observation;
    const sequence = this.#sequence;
    const finish = (encoded: Uint8Array | undefined, together?: Frame[]) => {
      if (!encoded) return this.#freed(index);
      // Other sinks share the encoded bytes; this copy moves to the other thread.
      const frame = { channel: index, sequence, stamp, data: encoded.slice() };
      if (channel.delivery === "every") this.#board.add("inPipe", encoded.length);
      if (together) together.push(frame);
      else this.#post({ frames: [frame] });
    };
    const fail = (error: unknown) => {
      this.#busy.delete(index);
      this.#fail(error);
    };
    try {
      const encoded = encoder.encode(channel, explanation);
      if (encoded instanceof Promise) encoded.then((data) => finish(data)).catch(fail);
      else finish(encoded, frames);
    } catch (error) {
      fail(error);
    }
  }

  #post(request: Extract<ServerRequest, { frames: readonly Frame[] }>): void {
    if (this.#closing) return;
    const buffers = request.frames.map(({ data }) => data.buffer as ArrayBuffer);
    this.#worker.postMessage(request, buffers);
  }

  #tell(request: ServerRequest): void {
    if (!this.#closing) this.#worker.postMessage(request);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}

/** A channel and the encoder of its messages. */
interface Output {
  readonly encoder: ChannelEncoder;
  readonly channel: Channel;
}

/** All channels, in the order of their numbers. */
function outputsOf({ encoder, compared }: FoxgloveOptions): Output[] {
  const encoders = compared ? [encoder, compared] : [encoder];
  return encoders.flatMap((encoder) => encoder.channels.map((channel) => ({ encoder, channel })));
}

/** Channel numbers count from 1 in the table's order. */
function advertised(channel: Channel, index: number): AdvertisedChannel {
  return {
    id: index + 1,
    topic: channel.topic,
    encoding: "cdr",
    schemaName: channel.type,
    schema: messageType(channel.type).schema,
    schemaEncoding: "ros2msg",
  };
}

function checkedOrigin(text: string): string {
  const origin = originOf(text);
  if (origin !== undefined) return origin;
  throw new InputError(`allowed origin ${text}: expected one such as https://viewer.example, or * for every page`);
}
