import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import fc from "fast-check";
import { FoxgloveSink } from "#src/foxglove/foxglove-sink.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { sampleExplanation } from "../../messages/sample.js";
import { failed } from "../failed.js";
import { kind } from "../kind.js";
import { Client } from "./client.js";

/** What a client sends. */
type Sent =
  | { readonly subscribe: readonly (readonly [id: number, channel: number])[] }
  | { readonly unsubscribe: readonly number[] }
  | { readonly text: string }
  | { readonly binary: readonly number[] };

interface MessagesCase {
  readonly sent: readonly Sent[];
  readonly end: "stays" | "broken frame" | "too much" | "no handshake" | "half a handshake";
}

const small = fc.oneof(
  { weight: 8, arbitrary: fc.nat(6) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 99, 1.5, 2 ** 32) },
);

const sent: fc.Arbitrary<Sent> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ subscribe: fc.array(fc.tuple(small, small), { maxLength: 4 }) }) },
  { weight: 3, arbitrary: fc.record({ unsubscribe: fc.array(small, { maxLength: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      text: fc.oneof(
        fc.json(),
        fc.string(),
        fc.json().map((json) => `{"op":"subscribe","subscriptions":${json}}`),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ binary: fc.array(fc.nat(255), { maxLength: 20 }) }) },
);

const cases: fc.Arbitrary<MessagesCase> = fc.record({
  sent: fc.array(sent, { maxLength: 15 }),
  end: fc.constantFrom("stays", "stays", "stays", "broken frame", "too much", "no handshake", "half a handshake"),
});

/** A server and a well-behaved client that all cases share. */
interface Shared {
  readonly sink: FoxgloveSink;
  readonly encoder: ChannelEncoder;
  readonly valid: Client;
  tick: number;
}

let shared: Promise<Shared> | undefined;

async function start(): Promise<Shared> {
  const encoder = new ChannelEncoder({ robotDescription: "<robot/>" });
  const sink = await FoxgloveSink.listen({ encoder, port: 0 });
  const valid = await Client.connect(sink.url);
  const subscriptions = encoder.channels.map((_, index) => ({ id: 100 + index, channelId: 1 + index }));
  valid.socket.send(JSON.stringify({ op: "subscribe", subscriptions }));
  await valid.roundTrip();
  return { sink, encoder, valid, tick: 0 };
}

/**
 * A client of the live socket that sends anything: it hears what it has subscribed to and a status for each message with
 * an error, and another client hears all the while what it should.
 */
export const messages = kind<MessagesCase>({
  name: "messages",
  about: "hostile clients of the live socket, against a model of the protocol",
  cases,
  holds: async ({ sent, end }) => {
    shared ??= start();
    const server = await shared;
    const client = await Client.connect(server.sink.url);
    try {
      await obeyed(server, client, sent);
      await finish(server, client, end);
    } finally {
      client.socket.terminate();
      await client.closed;
    }
    return end;
  },
  close: async () => {
    const server = await shared;
    shared = undefined;
    server?.valid.socket.terminate();
    await server?.sink.close();
  },
});

/** Sends messages, and compares what comes back with the model. */
async function obeyed(server: Shared, client: Client, sent: readonly Sent[]): Promise<void> {
  const model = new Model(server.encoder.channels.length);
  let errors = 0;
  for (const each of sent) {
    const data = dataOf(each);
    client.socket.send(data);
    errors += Number(!model.hear(data));
  }
  await client.roundTrip();
  if (client.isClosed) failed(`closed after ${sent.length} messages`);
  if (client.statuses.length !== errors)
    failed(`${errors} messages with errors, ${client.statuses.length} statuses: ${client.statuses}`);
  for (const status of client.statuses) if (status.includes("\n")) failed(`a status of several lines: ${status}`);
  await hears(server, client, model.subscriptions);
}

const dataOf = (sent: Sent): string | Buffer => {
  if ("text" in sent) return sent.text;
  if ("binary" in sent) return Buffer.from(sent.binary);
  if ("unsubscribe" in sent) return JSON.stringify({ op: "unsubscribe", subscriptionIds: sent.unsubscribe });
  const subscriptions = sent.subscribe.map(([id, channelId]) => ({ id, channelId }));
  return JSON.stringify({ op: "subscribe", subscriptions });
};

/** The protocol written out: channels by subscription. */
class Model {
  readonly subscriptions = new Map<number, number>();

  constructor(readonly channels: number) {}

  /** @returns false where the message has an error */
  hear(data: string | Buffer): boolean {
    if (typeof data !== "string") return false;
    let message: { op?: unknown; subscriptions?: unknown; subscriptionIds?: unknown };
    try {
      message = JSON.parse(data);
    } catch {
      return false;
    }
    const isId = (id: unknown): id is number => Number.isInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 32;
    if (typeof message !== "object" || message === null) return false;
    if (message.op === "unsubscribe") {
      const ids = message.subscriptionIds;
      if (!Array.isArray(ids) || !ids.every(isId)) return false;
      return ids.map((id) => this.subscriptions.delete(id)).every(Boolean);
    }
    const wanted = message.subscriptions;
    if (message.op !== "subscribe" || !Array.isArray(wanted)) return false;
    const isPair = (pair: unknown): pair is { id: number; channelId: number } =>
      typeof pair === "object" &&
      pair !== null &&
      "id" in pair &&
      "channelId" in pair &&
      isId(pair.id) &&
      isId(pair.channelId);
    if (!wanted.every(isPair)) return false;
    const done = wanted.map(({ id, channelId }) => {
      const isKnown = channelId >= 1 && channelId <= this.channels;
      if (!isKnown || this.subscriptions.has(id) || [...this.subscriptions.values()].includes(channelId)) return false;
      this.subscriptions.set(id, channelId);
      return true;
    });
    return done.every(Boolean);
  }
}

/** Both clients get the small messages of a tick that they have subscribed to, and no others. */
async function hears(server: Shared, client: Client, subscriptions: ReadonlyMap<number, number>): Promise<void> {
  const { sink, encoder, valid } = server;
  const first = sampleExplanation(server.tick++, 16, 12);
  const next = sampleExplanation(server.tick++, 16, 12);
  for (const each of [client, valid]) each.frames.length = 0;
  sink.write(first);
  sink.write(next);
  const { stamp } = next.observation;
  // A tick's frames come before the next tick's time, which only clients with subscriptions are told.
  await valid.until(() => valid.newest >= stamp);
  if (subscriptions.size > 0) await client.until(() => client.newest >= stamp);
  // The other client sends nothing: the server limits how often a client may ping.
  if (valid.isClosed) failed("the other client is gone");
  await client.roundTrip();
  const wanted = new Map(encoder.channels.map((_, index) => [100 + index, 1 + index]));
  for (const [each, own] of [
    [client, subscriptions],
    [valid, wanted],
  ] as const)
    for (const [index, channel] of encoder.channels.entries()) {
      if (channel.latched || channel.delivery === "latest") continue;
      const expected = encoder.encode(channel, first);
      const subscription = [...own].find(([, channelId]) => channelId === index + 1)?.[0];
      const found = each.frames.filter(
        (frame) => frame.subscription === subscription && frame.stamp === first.observation.stamp,
      );
      if (subscription === undefined || expected === undefined) continue;
      if (found.length !== 1 || !Buffer.from(expected as Uint8Array).equals(found[0]!.data))
        failed(
          `${channel.topic}: ${found.length} messages of a tick by subscription ${subscription}, ${found[0]?.data.length} bytes, expected ${expected instanceof Promise ? "none" : expected.length}`,
        );
    }
  for (const { subscription } of client.frames)
    if (!subscriptions.has(subscription)) failed(`a message of subscription ${subscription}, which is none`);
}

async function finish({ sink }: Shared, client: Client, end: MessagesCase["end"]): Promise<void> {
  if (end === "stays") return;
  if (end === "broken frame") {
    (client.socket as unknown as { _socket: NodeJS.WritableStream })._socket.write(Buffer.of(0xff, 0xff, 0xff));
    await client.closed;
  } else if (end === "too much") {
    client.socket.send("x".repeat(100_000));
    await client.closed;
  } else {
    const { port } = new URL(sink.url);
    const socket = connectTcp(Number(port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.resume();
    await once(socket, "connect");
    socket.write(end === "no handshake" ? "hello\r\n\r\n" : "GET / HTTP/1.1\r\nUpgrade: websocket\r\n");
    if (end === "no handshake") await once(socket, "close");
    else socket.destroy();
  }
}
