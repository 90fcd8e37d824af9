import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { Door, type Refusal } from "../../web/door.js";
import { addressOf, boundedServer, listen, listenForPage } from "../../web/listening.js";
import { answerText, Site, turnedAway } from "../../web/site.js";
import type { Board } from "../board.js";
import { type ClientMessage, parseClientBinary, parseClientText } from "../client-message.js";
import { type Capability, type ServerMessage, SUBPROTOCOLS } from "../protocol.js";
import type { Frame, ServedChannel, ServerReply, ServerRequest, ServerStart } from "../thread.js";
import { Allowance } from "./allowance.js";
import { LAG_PERIOD, Lag } from "./lag.js";
import { type OperatingClient, Operations } from "./operations.js";
import { Outlet } from "./outlet.js";

/** Largest message that a client may send, bytes: subscriptions and requests are small. */
const MAX_CLIENT_MESSAGE = 64 * 1024;
/** Largest number of clients; further ones are turned away. */
const MAX_CLIENTS = 64;
/** Clients are asked for a sign of life this often, milliseconds, and are dropped if they gave none since the last time. */
const HEARTBEAT = 30_000;
/** How long `close` waits for clients to answer, milliseconds. */
const CLOSE_GRACE = 250;
/** Refused pages that the user is told of, at most. */
const MAX_NOTICES = 10;

const GOING_AWAY = 1001;
const PROTOCOL_ERROR = 1002;
const POLICY_VIOLATION = 1008;

interface Client {
  readonly socket: WebSocket;
  readonly outlet: Outlet;
  readonly operating: OperatingClient;
  readonly allowance: Allowance;
  readonly lag: Lag;
  isAlive: boolean;
}

export interface LiveServerEvents {
  /** A client has room for the newest message of a channel. */
  want(channel: number): void;
  /** A line for the user. */
  notice(line: string): void;
  /** A client wants to change parameters, or calls a service. */
  ask(reply: ServerReply): void;
}

/**
 * The WebSocket server: admits clients, limits what they may send, and hands out frames. It listens on a port of its own,
 * and on that of the page.
 */
export class LiveServer {
  readonly #start: ServerStart;
  readonly #board: Board;
  readonly #events: LiveServerEvents;
  readonly #door: Door;
  /** Serves the socket alone; undefined where only the page's port has it. */
  readonly #http: Server | undefined;
  /** Serves the page; undefined where there is none. */
  readonly #pages: Server | undefined;
  readonly #sockets: WebSocketServer;
  readonly #greeting: readonly string[];
  /** The channels of `#start`, with the newest latched messages. */
  readonly #channels: ServedChannel[];
  readonly #operations: Operations;
  readonly #clients = new Map<WebSocket, Client>();
  readonly #notices = new Set<string>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #looking: NodeJS.Timeout;
  /** Answer to a browser that opens the socket's port as a page. */
  #hint = "this is a WebSocket for viewers";
  #stamp = 0n;

  constructor(start: ServerStart, board: Board, events: LiveServerEvents) {
    this.#start = start;
    this.#board = board;
    this.#events = events;
    this.#door = new Door(start);
    this.#greeting = greeting(start).map((message) => JSON.stringify(message));
    this.#channels = [...start.channels];
    this.#operations = new Operations(start, (reply) => events.ask(reply));
    const { port, page } = start;
    if (port !== undefined)
      this.#http = boundedServer((request, response) => {
        if (!turnedAway(this.#door, request, response)) answerText(response, 426, this.#hint);
      });
    this.#pages = page && boundedServer(new Site({ ...page, recordings: [] }, this.#door).answer);
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_CLIENT_MESSAGE,
      handleProtocols: (offered) => SUBPROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
    });
    for (const server of this.#servers)
      server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT);
    this.#looking = setInterval(() => this.#tellSlowOnes(), LAG_PERIOD);
  }

  get #servers(): readonly Server[] {
    return [this.#http, this.#pages].filter((server) => server !== undefined);
  }

  /**
   * Starts to listen for viewers on the socket's port, if there is one. Returns it.
   * @throws Node's error where it cannot
   */
  async listen(): Promise<number | undefined> {
    const { host, port } = this.#start;
    return this.#http && port !== undefined ? listen(this.#http, host, port) : undefined;
  }

  /** Starts to serve the page, if there is one. Returns its port. @throws Node's error where it cannot */
  async listenForPage(): Promise<number | undefined> {
    const { host, page } = this.#start;
    if (!this.#pages) return undefined;
    const port = await listenForPage(this.#pages, host, page?.port);
    this.#hint = `this is a WebSocket for viewers; the page is on ${addressOf("http", host, port)}`;
    return port;
  }

  /** @param stamp of a new tick, nanoseconds */
  tell(stamp: bigint): void {
    this.#stamp = stamp;
    for (const { outlet } of this.#clients.values()) outlet.tell(stamp);
  }

  offer(frame: Frame): void {
    for (const { outlet } of this.#clients.values()) outlet.offer(frame);
  }

  /** Takes news from the sink's thread. */
  take(news: Exclude<ServerRequest, { frames: unknown } | { close: unknown }>): void {
    if ("parameters" in news) this.#operations.updateParameters(news.parameters);
    else if ("settled" in news) this.#operations.settled(news.settled, news.refusal);
    else if ("answered" in news) this.#operations.answered(news.answered, news.outcome);
    else this.#setLatched(news.latched, news.meshes);
  }

  /** Tells clients that the run has ended, and frees the port. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    clearInterval(this.#looking);
    this.#operations.close();
    const closed = Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
    for (const socket of this.#sockets.clients) socket.close(GOING_AWAY, "the run has ended");
    for (const server of this.#servers) server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets.clients) socket.terminate();
      for (const server of this.#servers) server.closeAllConnections();
    }, CLOSE_GRACE);
    await closed;
    clearTimeout(timer);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#door.refusal(request);
    if (refusal) {
      if (refusal.status === 403) this.#notice(refusal.reason);
      refuse(socket, STATUS[refusal.status], refusal.reason);
    } else if (this.#sockets.clients.size >= MAX_CLIENTS) {
      refuse(socket, "503 Service Unavailable", `${MAX_CLIENTS} clients are connected already`);
    } else {
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#accept(client));
    }
  }

  #accept(socket: WebSocket): void {
    // A broken frame or connection also emits "close".
    socket.on("error", () => socket.terminate());
    if (!SUBPROTOCOLS.includes(socket.protocol)) {
      socket.close(PROTOCOL_ERROR, `sub-protocol expected: ${SUBPROTOCOLS.join(" or ")}`);
      return;
    }
    const outlet = new Outlet(socket, this.#channels, this.#board, (channel) => this.#events.want(channel));
    const client: Client = {
      socket,
      outlet,
      operating: this.#operations.join(outlet),
      allowance: new Allowance(performance.now()),
      lag: new Lag(),
      isAlive: true,
    };
    this.#clients.set(socket, client);
    this.#board.add("clients", 1);
    socket.on("close", () => {
      client.outlet.close();
      this.#operations.leave(client.operating);
      this.#clients.delete(socket);
      this.#board.add("clients", -1);
    });
    socket.on("pong", () => {
      client.isAlive = true;
    });
    socket.on("ping", () => this.#isAllowed(client));
    socket.on("message", (data, isBinary) => {
      if (this.#isAllowed(client)) this.#receive(client, data, isBinary);
    });
    for (const message of this.#greeting) client.outlet.sendSmall(message);
    if (this.#stamp > 0n) client.outlet.tell(this.#stamp);
  }

  /** Counts a message or ping. Returns false where it is one too many, or the client is leaving. */
  #isAllowed(client: Client): boolean {
    if (client.socket.readyState !== client.socket.OPEN) return false;
    const reason = client.allowance.message(performance.now());
    if (reason !== undefined) this.#expel(client, reason);
    return reason === undefined;
  }

  #receive(client: Client, data: RawData, isBinary: boolean): void {
    client.isAlive = true;
    const message = isBinary ? parseClientBinary(bytesOf(data)) : parseClientText(data.toString());
    const error = typeof message === "string" ? message : this.#obey(client, message);
    if (error === undefined) return;
    const status: ServerMessage = { op: "status", level: 2, message: error };
    client.outlet.sendSmall(JSON.stringify(status));
    const reason = client.allowance.error();
    if (reason !== undefined) this.#expel(client, reason);
  }

  /** Carries out a client's message as far as it is valid. Returns one line about what is not. */
  #obey({ outlet, operating }: Client, message: ClientMessage): string | undefined {
    if (message.op !== "subscribe" && message.op !== "unsubscribe") return this.#operations.obey(operating, message);
    const errors =
      message.op === "unsubscribe"
        ? message.subscriptionIds.map((subscription) =>
            outlet.unsubscribe(subscription) ? undefined : `unsubscribe: no subscription ${subscription}`,
          )
        : message.subscriptions.map(({ id, channelId }) => this.#subscribe(outlet, id, channelId));
    this.#operations.subscriptionsChanged();
    const [first, ...more] = errors.filter((error) => error !== undefined);
    return more.length > 0 ? `${first}, and ${more.length} more` : first;
  }

  #subscribe(outlet: Outlet, subscription: number, channelId: number): string | undefined {
    const channel = channelId - 1;
    const served = this.#start.channels[channel];
    if (!served) return `subscribe: no channel ${channelId}`;
    if (outlet.has(subscription)) return `subscribe: subscription ${subscription} exists already`;
    if (outlet.isSubscribedTo(channel)) return `subscribe: ${served.advertised.topic} is subscribed already`;
    outlet.subscribe(channel, subscription, this.#stamp);
    return undefined;
  }

  #setLatched(latched: readonly (readonly [channel: number, data: Uint8Array])[], meshes: readonly string[]): void {
    this.#operations.setMeshes(meshes);
    for (const [channel, data] of latched) {
      this.#channels[channel] = { ...this.#channels[channel]!, latched: data };
      for (const { outlet } of this.#clients.values()) outlet.sendLatched(channel, this.#stamp);
    }
  }

  #expel(client: Client, reason: string): void {
    this.#board.add("expelled", 1);
    client.socket.close(POLICY_VIOLATION, reason);
    // Reading on would take the rest of a flood; a client that does not answer is cut off.
    client.socket.pause();
    setTimeout(() => client.socket.terminate(), CLOSE_GRACE);
  }

  #beat(): void {
    for (const client of this.#clients.values()) {
      if (!client.isAlive) client.socket.terminate();
      client.isAlive = false;
      client.socket.ping();
    }
  }

  #tellSlowOnes(): void {
    for (const { lag, outlet } of this.#clients.values()) {
      const message = lag.report(outlet.takeImages());
      if (message) outlet.sendSmall(JSON.stringify(message));
    }
  }

  #notice(line: string): void {
    if (this.#notices.has(line) || this.#notices.size >= MAX_NOTICES) return;
    this.#notices.add(line);
    this.#events.notice(line);
  }
}

function greeting(start: ServerStart): readonly ServerMessage[] {
  const { name, metadata, channels, services } = start;
  const hasServices = services.length > 0;
  return [
    {
      op: "serverInfo",
      name,
      capabilities: capabilities(start),
      ...(hasServices && { supportedEncodings: ["cdr"] }),
      metadata,
      sessionId: `${Date.now()}`,
    },
    { op: "advertise", channels: channels.map(({ advertised }) => advertised) },
    ...(hasServices ? [{ op: "advertiseServices", services } as const] : []),
  ];
}

function capabilities({ parameters, services }: ServerStart): Capability[] {
  return [
    "time",
    ...(parameters.length > 0 ? (["parameters", "parametersSubscribe"] as const) : []),
    ...(services.length > 0 ? (["services"] as const) : []),
    "connectionGraph",
    "assets",
  ];
}

/** Bytes of a message in one piece. */
function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

const STATUS: Readonly<Record<Refusal["status"], string>> = { 401: "401 Unauthorized", 403: "403 Forbidden" };

function refuse(socket: Duplex, status: string, reason: string): void {
  socket.on("error", () => socket.destroy());
  const body = `${reason}\n`;
  const headers = `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\nConnection: close\r\n\r\n${body}`);
}
