import { computed, signal } from "@preact/signals";
import { type Decode, decoderOf } from "../wire/decoder.js";
import { Listeners } from "./listeners.js";
import { ParameterStore } from "./parameters.js";
import { ServiceCaller } from "./services.js";
import type { Condition, Source, Topic } from "./source.js";

const SUBPROTOCOLS = ["foxglove.sdk.v1", "foxglove.websocket.v1"];
/** Opcodes of the server's binary messages. */
const MESSAGE = 1;
const SERVICE_RESPONSE = 3;
/** Status of a connection that is too slow for every image. */
const SLOW = "slow";
/** Waits between attempts to connect, milliseconds; the last one stays. */
const WAITS = [250, 500, 1000, 2000] as const;

const FOREIGN =
  "the server speaks another protocol than this page. Open the address that torquelens printed, and load it again after an update of torquelens";

type Operation = Readonly<Record<string, unknown>>;

interface Channel {
  readonly id: number;
  readonly topic: string;
  readonly schemaName: string;
  readonly schema: string;
  readonly encoding: string;
}

/** A live run over the Foxglove WebSocket protocol. Connects again whenever the server is lost. */
export class LiveSource implements Source {
  readonly condition = signal<Condition>({ state: "connecting", text: "connecting" });
  /** True where no change can be sent: the server refuses them, or is lost. */
  readonly isSwitchedOff = computed(() => this.isReadOnly || this.condition.value.state !== "open");
  readonly topics = signal<readonly Topic[]>([]);
  readonly parameters = new ParameterStore((operation) => this.#send(operation));
  readonly services = new ServiceCaller((bytes) => this.#socket?.send(bytes));
  readonly listeners = new Listeners();
  readonly #url: string;
  readonly #wanted = new Set<string>();
  readonly #channels = new Map<string, Channel>();
  /** Subscriptions of this connection: the topic and its decoder by subscription number. */
  readonly #subscriptions = new Map<number, { readonly topic: string; readonly decode: Decode }>();
  #socket: WebSocket | undefined;
  #attempts = 0;
  #nextSubscription = 1;
  #timer = 0;
  #session = "";

  /** @param isReadOnly true where the server refuses every change */
  constructor(
    url: string,
    readonly name: string,
    readonly isReadOnly = false,
  ) {
    this.#url = url;
    this.#connect();
  }

  want(topic: string, wanted: boolean): void {
    if (wanted === this.#wanted.has(topic)) return;
    if (wanted) {
      this.#wanted.add(topic);
      this.#subscribe(topic);
      return;
    }
    this.#wanted.delete(topic);
    const ids = [...this.#subscriptions].filter(([, subscription]) => subscription.topic === topic).map(([id]) => id);
    for (const id of ids) this.#subscriptions.delete(id);
    if (ids.length > 0) this.#send({ op: "unsubscribe", subscriptionIds: ids });
  }

  close(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #connect(): void {
    const socket = new WebSocket(this.#url, SUBPROTOCOLS);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    let opened = false;
    let isGreeted = false;
    socket.onopen = () => {
      opened = true;
      this.#attempts = 0;
      this.condition.value = { state: "open", text: "live" };
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      const message = typeof data === "string" ? parsed(data) : (data as ArrayBuffer);
      // The protocol begins with the server's own facts.
      isGreeted ||= message !== undefined && "op" in message && message.op === "serverInfo";
      if (!message || !isGreeted) this.#give(FOREIGN);
      else this.#read(message);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.#socket) return;
      this.#channels.clear();
      this.#subscriptions.clear();
      this.services.disconnected();
      this.condition.value = { state: "lost", text: lossText(opened, code, reason) };
      const wait = WAITS[Math.min(this.#attempts++, WAITS.length - 1)]!;
      this.#timer = window.setTimeout(() => this.#connect(), wait);
    };
  }

  fail(error: unknown): void {
    this.#give(`a message of the server cannot be read (${(error as Error).message}). ${FOREIGN}`);
  }

  /** Gives up: ends the connection for good, and says why. */
  #give(text: string): void {
    this.close();
    this.condition.value = { state: "failed", text };
  }

  #read(message: ArrayBuffer | Operation): void {
    try {
      if (message instanceof ArrayBuffer) this.#binary(message);
      else this.#operation(message);
    } catch (error) {
      this.fail(error);
    }
  }

  #operation(message: Operation): void {
    switch (message.op) {
      case "serverInfo":
        if (this.#session !== "" && this.#session !== message.sessionId) this.listeners.jump();
        this.#session = String(message.sessionId);
        this.parameters.connected(message.capabilities as readonly string[]);
        return;
      case "advertise":
        for (const channel of message.channels as readonly Channel[]) this.#channels.set(channel.topic, channel);
        this.#channelsChanged();
        for (const { topic } of message.channels as readonly Channel[]) this.#subscribe(topic);
        return;
      case "unadvertise":
        for (const channel of [...this.#channels.values()])
          if ((message.channelIds as readonly number[]).includes(channel.id)) this.#channels.delete(channel.topic);
        this.#channelsChanged();
        return;
      case "parameterValues":
        this.parameters.received(message.parameters as never, message.id as string | undefined);
        return;
      case "advertiseServices":
        this.services.advertised(message.services as never);
        return;
      case "serviceCallFailure":
        this.services.failed(message.callId as number, String(message.message));
        return;
      case "status":
        if (message.id === SLOW) this.condition.value = { state: "open", text: `live; ${String(message.message)}` };
        else this.parameters.status(message.level as number, String(message.message));
        return;
      case "removeStatus":
        if ((message.statusIds as readonly string[]).includes(SLOW))
          this.condition.value = { state: "open", text: "live" };
        return;
    }
  }

  #binary(buffer: ArrayBuffer): void {
    const view = new DataView(buffer);
    const opcode = view.getUint8(0);
    if (opcode === SERVICE_RESPONSE) this.services.answered(view);
    if (opcode !== MESSAGE) return;
    const subscription = this.#subscriptions.get(view.getUint32(1, true));
    if (!subscription) return;
    const data = subscription.decode(new Uint8Array(buffer, 13));
    this.listeners.message({ topic: subscription.topic, time: view.getBigUint64(5, true), data });
  }

  #channelsChanged(): void {
    this.topics.value = [...this.#channels.values()].map(({ topic, schemaName }) => ({ topic, type: schemaName }));
  }

  #subscribe(topic: string): void {
    const channel = this.#channels.get(topic);
    if (!channel || !this.#wanted.has(topic) || channel.encoding !== "cdr") return;
    if ([...this.#subscriptions.values()].some((subscription) => subscription.topic === topic)) return;
    const id = this.#nextSubscription++;
    this.#subscriptions.set(id, { topic, decode: decoderOf(channel.schema) });
    this.#send({ op: "subscribe", subscriptions: [{ id, channelId: channel.id }] });
  }

  #send(operation: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(operation));
  }
}

function parsed(text: string): Operation | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === "object" && message !== null ? (message as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function lossText(opened: boolean, code: number, reason: string): string {
  if (code === 1008) return `the server ended the connection: ${reason || "too many messages"}. Connecting again`;
  if (reason) return `${reason}. This page connects again as soon as torquelens runs`;
  return opened
    ? "the connection was lost. This page connects again as soon as torquelens runs"
    : "no answer, or not that of torquelens. Start torquelens (npm start); this page connects by itself";
}
