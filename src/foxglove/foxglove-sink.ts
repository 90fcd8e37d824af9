import { once } from "node:events";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { InputError } from "../errors.js";
import type { Explanation } from "../explain/explanation.js";
import type { Sink } from "../explain/pipeline.js";
import type { ChannelEncoder } from "../messages/channel-encoder.js";
import type { Channel } from "../messages/channels.js";
import { messageType } from "../messages/definitions.js";
import { Outlet, type OutletCounts } from "./outlet.js";
import { type AdvertisedChannel, parseClientMessage, type ServerMessage, SUBPROTOCOLS } from "./protocol.js";

export interface FoxgloveOptions {
  readonly encoder: ChannelEncoder;
  /** Address to bind to; default 127.0.0.1, this machine only. */
  readonly host?: string;
  /** TCP port, default 8765; 0 for any free port. */
  readonly port?: number;
  /** Name of the server in viewers. */
  readonly name?: string;
  /** Facts for viewers to show, such as the policy's hash. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface FoxgloveStats extends OutletCounts {
  /** Number of clients connected now. */
  readonly clients: number;
  /** Bytes waiting in this process for all clients together. */
  readonly bufferedBytes: number;
}

/** Largest message that a client may send, bytes: subscriptions are small. */
const MAX_CLIENT_MESSAGE = 64 * 1024;
/** How long `close` waits for clients to answer, milliseconds. */
const CLOSE_GRACE = 250;

const GOING_AWAY = 1001;
const PROTOCOL_ERROR = 1002;

/**
 * Serves the channels live to Foxglove-compatible viewers over WebSocket. `write` returns at once: messages that a client
 * is too slow for are dropped and counted; channels without subscribers are not encoded.
 */
export class FoxgloveSink implements Sink {
  /** Address for viewers, `ws://host:port`. */
  readonly url: string;
  readonly #server: WebSocketServer;
  readonly #encoder: ChannelEncoder;
  readonly #greeting: readonly ServerMessage[];
  readonly #outlets = new Map<WebSocket, Outlet>();
  readonly #closedCounts: OutletCounts = { sent: 0, replaced: 0, refused: 0 };
  #stamp = 0n;
  #failure: { readonly error: unknown } | undefined;

  /**
   * Starts to listen.
   * @throws InputError for a port that is in use or an address that cannot be bound to
   */
  static async listen(options: FoxgloveOptions): Promise<FoxgloveSink> {
    const { host = "127.0.0.1", port = 8765 } = options;
    const server = new WebSocketServer({
      host,
      port,
      maxPayload: MAX_CLIENT_MESSAGE,
      handleProtocols: (offered) => SUBPROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
    });
    try {
      await once(server, "listening");
    } catch (error) {
      throw bindError(error as NodeJS.ErrnoException, host, port);
    }
    return new FoxgloveSink(server, options);
  }

  private constructor(server: WebSocketServer, options: FoxgloveOptions) {
    const { encoder, host = "127.0.0.1", name = "torquelens", metadata = {} } = options;
    const { port } = server.address() as { port: number };
    this.url = `ws://${host.includes(":") ? `[${host}]` : host}:${port}`;
    this.#server = server;
    this.#encoder = encoder;
    this.#greeting = [
      {
        op: "serverInfo",
        name,
        capabilities: ["time"],
        supportedEncodings: ["cdr"],
        metadata,
        sessionId: `${Date.now()}`,
      },
      { op: "advertise", channels: encoder.channels.map(advertised) },
    ];
    server.on("connection", (socket) => this.#accept(socket));
    server.on("error", (error) => this.#fail(error));
  }

  write(explanation: Explanation): void {
    this.#stamp = explanation.observation.stamp;
    for (const outlet of this.#outlets.values()) outlet.offer(explanation);
    if (this.#failure) throw this.#failure.error;
  }

  stats(): FoxgloveStats {
    const total = { ...this.#closedCounts, clients: this.#outlets.size, bufferedBytes: 0 };
    for (const [socket, { counts }] of this.#outlets) {
      add(total, counts);
      total.bufferedBytes += socket.bufferedAmount;
    }
    return total;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#server.clients) socket.close(GOING_AWAY, "the run has ended");
    const timer = setTimeout(() => {
      for (const socket of this.#server.clients) socket.terminate();
    }, CLOSE_GRACE);
    await closed;
    clearTimeout(timer);
  }

  #accept(socket: WebSocket): void {
    // A broken frame or connection also emits "close".
    socket.on("error", () => socket.terminate());
    if (!SUBPROTOCOLS.includes(socket.protocol)) {
      socket.close(PROTOCOL_ERROR, `sub-protocol expected: ${SUBPROTOCOLS.join(" or ")}`);
      return;
    }
    const outlet = new Outlet(socket, this.#encoder, (error) => this.#fail(error));
    this.#outlets.set(socket, outlet);
    socket.on("close", () => {
      outlet.close();
      this.#outlets.delete(socket);
      add(this.#closedCounts, outlet.counts);
    });
    socket.on("message", (data, isBinary) => this.#receive(outlet, data, isBinary));
    for (const message of this.#greeting) sendMessage(outlet, message);
  }

  #receive(outlet: Outlet, data: RawData, isBinary: boolean): void {
    const message = isBinary ? "binary messages are not accepted: this server only publishes" : data.toString();
    const parsed = isBinary ? message : parseClientMessage(message);
    if (typeof parsed === "string") {
      sendError(outlet, parsed);
    } else if (parsed.op === "unsubscribe") {
      for (const subscription of parsed.subscriptionIds) {
        if (!outlet.unsubscribe(subscription)) sendError(outlet, `unsubscribe: no subscription ${subscription}`);
      }
    } else {
      for (const { id, channelId } of parsed.subscriptions) this.#subscribe(outlet, id, channelId);
    }
  }

  #subscribe(outlet: Outlet, subscription: number, channelId: number): void {
    const channel = this.#encoder.channels[channelId - 1];
    if (!channel) sendError(outlet, `subscribe: no channel ${channelId}`);
    else if (outlet.has(subscription)) sendError(outlet, `subscribe: subscription ${subscription} exists already`);
    else if (outlet.isSubscribedTo(channel)) sendError(outlet, `subscribe: ${channel.topic} is subscribed already`);
    else outlet.subscribe(channel, subscription, this.#stamp);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }
}

function sendMessage(outlet: Outlet, message: ServerMessage): void {
  outlet.sendSmall(JSON.stringify(message));
}

function sendError(outlet: Outlet, message: string): void {
  sendMessage(outlet, { op: "status", level: 2, message });
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

function add(total: OutletCounts, counts: OutletCounts): void {
  total.sent += counts.sent;
  total.replaced += counts.replaced;
  total.refused += counts.refused;
}

function bindError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return new InputError(`port ${port} on ${host} is in use: choose another port or stop the program that uses it`);
    case "EACCES":
      return new InputError(`port ${port} on ${host}: not permitted, choose a port above 1023`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new InputError(`host ${host}: not an address of this machine`);
    default:
      return error;
  }
}
