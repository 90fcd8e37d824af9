import { once } from "node:events";
import { createServer } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { InputError } from "#src/errors.js";
import type { Explanation } from "#src/explain/explanation.js";
import { type FoxgloveOptions, FoxgloveSink } from "#src/foxglove/foxglove-sink.js";
import { LAG_PERIOD } from "#src/foxglove/server/lag.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import type { Channel as EncodedChannel } from "#src/messages/channels.js";
import type { CompressedImageMessage, ExplanationMessage, ImageMessage, StringMessage } from "#src/messages/types.js";
import { sampleExplanation } from "../messages/sample.js";
import { until } from "../until.js";
import { type Client, connectTo, PROTOCOL, read, roundTrip } from "./live-client.js";

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

async function serve(robotDescription?: string): Promise<FoxgloveSink> {
  return serveFrom(new ChannelEncoder(robotDescription === undefined ? {} : { robotDescription }));
}

async function serveFrom(encoder: ChannelEncoder, options: Partial<FoxgloveOptions> = {}): Promise<FoxgloveSink> {
  const sink = await FoxgloveSink.listen({ encoder, port: 0, metadata: { policy_sha256: "abc" }, ...options });
  cleanUp.push(() => sink.close());
  return sink;
}

/** An encoder that notes what it encodes. */
class NotingEncoder extends ChannelEncoder {
  readonly asked: string[] = [];
  override encode(channel: EncodedChannel, explanation: Explanation) {
    this.asked.push(`${channel.topic} ${explanation.observation.tick}`);
    return super.encode(channel, explanation);
  }
}

async function connect(sink: FoxgloveSink, protocol = PROTOCOL) {
  const client = await connectTo(sink.url, protocol);
  cleanUp.push(() => client.socket.terminate());
  return client;
}

/** Sends without pause until the server closes the connection; gives its code and reason. */
async function sendUntilClosed({ socket }: Client, send: (i: number) => void): Promise<[code: number, reason: Buffer]> {
  let end: [number, Buffer] | undefined;
  socket.once("close", (code, reason) => {
    end = [code, reason];
  });
  for (let i = 0; !end; i++) {
    send(i);
    if (i % 100 === 99) await turn();
  }
  return end;
}

describe("FoxgloveSink", () => {
  let shared: FoxgloveSink;
  beforeAll(async () => {
    shared = await FoxgloveSink.listen({ encoder: new ChannelEncoder(), port: 0 });
  });
  afterAll(() => shared.close());

  it.each(["foxglove.websocket.v1", "foxglove.sdk.v1"])("introduces itself over %s", async (protocol) => {
    const sink = await serve("<robot/>");
    const { serverInfo, channels, socket } = await connect(sink, protocol);
    expect(socket.protocol).toBe(protocol);
    expect(await serverInfo).toMatchObject({
      name: "torquelens",
      capabilities: ["time", "connectionGraph", "assets"],
      metadata: { policy_sha256: "abc", ROS_DISTRO: process.env.ROS_DISTRO || "jazzy" },
    });
    expect(await serverInfo).not.toHaveProperty("supportedEncodings");
    expect(channels.map(({ id, topic }) => [id, topic])).toEqual(
      new ChannelEncoder({ robotDescription: "<robot/>" }).channels.map(({ topic }, i) => [i + 1, topic]),
    );
    for (const channel of channels) {
      expect(channel).toMatchObject({ encoding: "cdr", schemaEncoding: "ros2msg" });
    }
    expect(sink.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
  });

  it("delivers explanation, image and overlay of a tick, and its time", async () => {
    const sink = await serve();
    const client = await connect(sink);
    const topics = ["/torquelens/explanation", "/camera/image", "/torquelens/overlay/compressed"];
    const subscriptions = topics.map(client.subscribe);
    await roundTrip(client);
    const explanation = sampleExplanation(4);
    sink.write(explanation);
    await until(() => client.messages.length === 3);
    const of = (index: number) => client.messages.find((m) => m.subscriptionId === subscriptions[index])!;
    expect(read<ExplanationMessage>(client, topics[0]!, of(0))).toMatchObject({ tick: 4n, method: "dtd" });
    const image = read<ImageMessage>(client, topics[1]!, of(1));
    expect(Buffer.compare(image.data, explanation.observation.images.image!.data)).toBe(0);
    const jpeg = read<CompressedImageMessage>(client, topics[2]!, of(2));
    expect([...jpeg.data.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    for (const message of client.messages) expect(message.timestamp).toBe(explanation.observation.stamp);
    expect(client.times).toEqual([explanation.observation.stamp]);
    expect(client.errors).toEqual([]);
  });

  it("delivers a second explanation of the tick on channels of its own", async () => {
    const compared = new ChannelEncoder({ isCompared: true });
    const sink = await serveFrom(new ChannelEncoder(), { compared });
    const client = await connect(sink);
    const topics = ["/torquelens/explanation", "/torquelens/compare/explanation", "/torquelens/compare/heatmap"];
    const subscriptions = topics.map(client.subscribe);
    await roundTrip(client);
    const [first, second] = [sampleExplanation(4), { ...sampleExplanation(4), method: "gradient" }];
    sink.write(first);
    await until(() => client.messages.length === 1);
    sink.writeCompared(second);
    await until(() => client.messages.length === 3);
    const of = (index: number) => client.messages.filter((m) => m.subscriptionId === subscriptions[index]);
    expect(of(0).map((m) => read<ExplanationMessage>(client, topics[0]!, m).method)).toEqual(["dtd"]);
    expect(of(1).map((m) => read<ExplanationMessage>(client, topics[1]!, m).method)).toEqual(["gradient"]);
    expect(of(2)).toHaveLength(1);
    for (const { timestamp } of client.messages) expect(timestamp).toBe(first.observation.stamp);
    expect(client.times).toEqual([first.observation.stamp]);
  });

  it("sends the robot description to every subscriber, also a late one", async () => {
    const sink = await serve("<robot/>");
    const client = await connect(sink);
    sink.write(sampleExplanation(0));
    client.subscribe("/robot_description");
    await until(() => client.messages.length === 1);
    expect(read<StringMessage>(client, "/robot_description", client.messages[0]!)).toEqual({ data: "<robot/>" });
  });

  it("serves two clients with their own channels, and stops on unsubscribe", async () => {
    const sink = await serve();
    const first = await connect(sink);
    const second = await connect(sink);
    const subscription = first.subscribe("/torquelens/ratios");
    second.subscribe("/joint_states");
    await Promise.all([roundTrip(first), roundTrip(second)]);
    sink.write(sampleExplanation(0));
    await until(() => first.messages.length === 1 && second.messages.length === 1);
    expect(read(first, "/torquelens/ratios", first.messages[0]!)).toMatchObject({ image: 0.5 });
    expect(read(second, "/joint_states", second.messages[0]!)).toMatchObject({ name: ["shoulder", "elbow"] });
    first.client.unsubscribe(subscription);
    await roundTrip(first);
    sink.write(sampleExplanation(1));
    await until(() => second.messages.length === 2);
    await roundTrip(first);
    expect(first.messages).toHaveLength(1);
    second.socket.close();
    await until(() => sink.stats().clients === 1);
    expect(sink.stats()).toMatchObject({ sent: 3, replaced: 0, refused: 0 });
  });

  it("bounds the memory of a client that never reads, without delaying the others", async () => {
    const sink = await serve();
    const [stalled, reading] = [await connect(sink), await connect(sink)];
    for (const topic of ["/camera/image", "/torquelens/explanation"]) stalled.subscribe(topic);
    reading.subscribe("/torquelens/explanation");
    await Promise.all([roundTrip(stalled), roundTrip(reading)]);
    stalled.socket.pause();
    const ticks = 200;
    const explanation = sampleExplanation(0, 640, 480);
    const frame = explanation.observation.images.image!.data.length;
    let highest = 0;
    for (let tick = 0; tick < ticks; tick++) {
      const observation = { ...explanation.observation, tick };
      sink.write({ ...explanation, observation });
      await until(() => reading.messages.length > tick);
      highest = Math.max(highest, sink.stats().bufferedBytes);
    }
    // One frame under way, what may wait before it leaves, and the small messages.
    expect(highest).toBeLessThan(frame + 64 * 1024 + 256 * 1024);
    expect(highest).toBeGreaterThan(frame / 2);
    expect(sink.stats().replaced).toBeGreaterThan(ticks / 2);
    const ticksRead = reading.messages.map((message) =>
      Number(read<ExplanationMessage>(reading, "/torquelens/explanation", message).tick),
    );
    expect(ticksRead).toEqual(Array.from({ length: ticks }, (_, tick) => tick));
  });

  it.each<[string, string | Buffer, RegExp]>([
    ["no JSON", "{", /not JSON/],
    ["no object", "null", /message field \(root\)/],
    ["an unknown operation", '{"op":"launch"}', /op/],
    ["no operation", "[]", /root/],
    ["a subscription without list", '{"op":"subscribe","subscriptions":7}', /subscriptions/],
    ["a subscription id out of range", '{"op":"subscribe","subscriptions":[{"id":-1,"channelId":1}]}', /0\.id/],
    ["a channel there is not", '{"op":"subscribe","subscriptions":[{"id":1,"channelId":99}]}', /no channel 99/],
    ["an unknown subscription", '{"op":"unsubscribe","subscriptionIds":[5]}', /no subscription 5/],
    ["binary data of no kind", Buffer.of(9, 2, 3), /^binary message with opcode 9: expected 2, a service call$/],
    ["a service call that is cut off", Buffer.of(2, 1, 0, 0, 0), /^service call: the message is cut off$/],
    [
      "thousands of channels there are not",
      JSON.stringify({ op: "subscribe", subscriptions: Array(2000).fill({ id: 1, channelId: 99 }) }),
      /^subscribe: no channel 99, and 1999 more$/,
    ],
  ])("answers %s with a status and goes on", async (_, message, expected) => {
    const client = await connect(shared);
    client.socket.send(message);
    await until(() => client.statuses.length === 1);
    expect(client.statuses[0]).toMatch(expected);
    client.subscribe("/torquelens/ratios");
    await roundTrip(client);
    shared.write(sampleExplanation(0));
    await until(() => client.messages.length === 1);
    expect(client.statuses).toHaveLength(1);
  });

  it("refuses a second subscription to a channel or of the same number", async () => {
    const sink = await serve();
    const client = await connect(sink);
    const subscribe = (id: number, channelId: number) =>
      client.socket.send(JSON.stringify({ op: "subscribe", subscriptions: [{ id, channelId }] }));
    subscribe(1, 1);
    subscribe(2, 1);
    subscribe(1, 2);
    await until(() => client.statuses.length === 2);
    expect(client.statuses).toEqual([
      "subscribe: /torquelens/explanation is subscribed already",
      "subscribe: subscription 1 exists already",
    ]);
  });

  it("drops a client that sends too large messages, broken frames or pings without end, and keeps the others", async () => {
    const sink = await serve();
    const other = await connect(sink);
    other.subscribe("/torquelens/ratios");
    const loud = await connect(sink);
    loud.socket.send("x".repeat(100_000));
    await once(loud.socket, "close");
    const broken = await connect(sink);
    const { _socket: raw } = broken.socket as unknown as { _socket: NodeJS.WritableStream };
    raw.write(Buffer.of(0xff, 0xff, 0xff));
    await once(broken.socket, "close");
    const pinging = await connect(sink);
    await sendUntilClosed(pinging, () => pinging.socket.ping());
    await roundTrip(other);
    sink.write(sampleExplanation(0));
    await until(() => other.messages.length === 1);
  });

  it.each<[string, (socket: WebSocket, i: number) => void, string]>([
    ["text that is not JSON", (socket) => socket.send("{"), "more than 20 messages with errors"],
    ["binary data", (socket) => socket.send(Buffer.of(1)), "more than 20 messages with errors"],
    [
      "a subscription that comes and goes",
      (socket, i) =>
        socket.send(
          i % 2 === 0
            ? '{"op":"subscribe","subscriptions":[{"id":1,"channelId":1}]}'
            : '{"op":"unsubscribe","subscriptionIds":[1]}',
        ),
      "more than 40 messages a second",
    ],
  ])("expels a client that sends too much: %s", async (_, send, expected) => {
    const other = await connect(shared);
    other.subscribe("/torquelens/ratios");
    const { expelled } = shared.stats();
    const loud = await connect(shared);
    const [code, reason] = await sendUntilClosed(loud, (i) => send(loud.socket, i));
    expect([code, String(reason)]).toEqual([1008, expected]);
    expect(shared.stats().expelled).toBe(expelled + 1);
    await roundTrip(other);
    shared.write(sampleExplanation(0));
    await until(() => other.messages.length === 1);
  });

  it("turns away a client beyond the 64th", async () => {
    const sink = await serve();
    const sockets = Array.from({ length: 64 }, () => new WebSocket(sink.url, [PROTOCOL]));
    await Promise.all(sockets.map((socket) => once(socket, "open")));
    const [, { statusCode }] = await once(new WebSocket(sink.url, [PROTOCOL]), "unexpected-response");
    expect(statusCode).toBe(503);
    sockets[0]!.close();
    await until(() => sink.stats().clients === 63);
    await connect(sink);
    for (const socket of sockets) socket.terminate();
  });

  it("refuses a foreign page, tells the user once, and lets in a page that is allowed", async () => {
    const notices: string[] = [];
    const notice = (line: string) => void notices.push(line);
    const sink = await serveFrom(new ChannelEncoder(), { notice, allowedOrigins: ["https://viewer.example"] });
    const open = (origin: string) => new WebSocket(sink.url, [PROTOCOL], { origin });
    for (let i = 0; i < 2; i++) {
      const [, response] = await once(open("https://evil.example"), "unexpected-response");
      expect(response.statusCode).toBe(403);
      const [body] = await once(response, "data");
      const line = "a page of https://evil.example may not connect: --allow-origin https://evil.example lets it in";
      expect(String(body)).toBe(`${line}\n`);
      expect(notices).toEqual([line]);
    }
    for (const origin of ["https://viewer.example", "http://localhost:3000"]) {
      const socket = open(origin);
      await once(socket, "open");
      socket.terminate();
    }
  });

  it("encodes nothing without a subscription, and an image only while a client can take it", async () => {
    const encoder = new NotingEncoder();
    const sink = await serveFrom(encoder);
    sink.write(sampleExplanation(0, 640, 480));
    expect(encoder.asked).toEqual([]);
    const client = await connect(sink);
    const topic = "/camera/image";
    client.subscribe(topic);
    await roundTrip(client);
    client.socket.pause();
    const ticks = 100;
    const explanation = sampleExplanation(0, 640, 480);
    const stampOf = (tick: number) => explanation.observation.stamp + BigInt(tick);
    for (let tick = 1; tick <= ticks; tick++) {
      sink.write({ ...explanation, observation: { ...explanation.observation, tick, stamp: stampOf(tick) } });
      await turn();
    }
    expect(encoder.asked.length).toBeLessThan(ticks / 2);
    client.socket.resume();
    await until(() => client.messages.at(-1)?.timestamp === stampOf(ticks));
    expect(encoder.asked.at(-1)).toBe(`${topic} ${ticks}`);
  });

  it("tells a slow client that it misses images, and when it no longer does", async () => {
    const sink = await serve();
    const client = await connect(sink);
    const told: { op: string; id?: string; message?: string; statusIds?: string[] }[] = [];
    client.socket.on("message", (data, isBinary) => {
      if (isBinary) return;
      const message = JSON.parse(String(data));
      if (/status/i.test(message.op)) told.push(message);
    });
    client.subscribe("/camera/image");
    await roundTrip(client);
    client.socket.pause();
    const explanation = sampleExplanation(0, 640, 480);
    let tick = 0;
    const write = () => {
      const { observation } = explanation;
      sink.write({ ...explanation, observation: { ...observation, stamp: observation.stamp + BigInt(tick++) } });
    };
    // Until the server has looked at it; it cannot hear of it before it reads.
    const looks = setTimeout(() => client.socket.resume(), 1.2 * LAG_PERIOD);
    cleanUp.push(() => clearTimeout(looks));
    await until(() => {
      write();
      return told[0];
    });
    expect(told).toEqual([
      {
        op: "status",
        level: 1,
        id: "slow",
        message: "this connection is too slow for every image: it gets the newest ones and misses those between",
      },
    ]);
    await until(() => told[1]);
    expect(told[1]).toEqual({ op: "removeStatus", statusIds: ["slow"] });
  });

  it("rejects a client of another protocol", async () => {
    const sink = await serve();
    const socket = new WebSocket(sink.url);
    const [code, reason] = await once(socket, "close");
    expect(code).toBe(1002);
    expect(String(reason)).toContain("foxglove.websocket.v1");
  });

  it("refuses an empty address, which would be every interface", async () => {
    const listening = FoxgloveSink.listen({ encoder: new ChannelEncoder(), port: 0, host: "" });
    await expect(listening).rejects.toThrow("host: found an empty address, expected one such as 127.0.0.1");
  });

  it("names a port that is in use", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    cleanUp.push(() => holder.close());
    const { port } = holder.address() as { port: number };
    const listening = FoxgloveSink.listen({ encoder: new ChannelEncoder(), port });
    await expect(listening).rejects.toThrow(InputError);
    await expect(listening).rejects.toThrow(`port ${port} on 127.0.0.1 is in use`);
  });

  it("rejects an address of another machine", async () => {
    const listening = FoxgloveSink.listen({ encoder: new ChannelEncoder(), port: 0, host: "192.0.2.1" });
    await expect(listening).rejects.toThrow("host 192.0.2.1: not an address of this machine");
  });

  it("tells clients that it closes, does not wait for one that hangs, and frees the port", async () => {
    // An address of its own: no other connection of this machine takes the port in between.
    const host = process.platform === "linux" ? "127.83.7.1" : "127.0.0.1";
    const sink = await serveFrom(new ChannelEncoder(), { host });
    const client = await connect(sink);
    const hanging = await connect(sink);
    hanging.socket.pause();
    const closed = once(client.socket, "close");
    await sink.close();
    await sink.close();
    expect((await closed)[0]).toBe(1001);
    const port = Number(new URL(sink.url).port);
    const again = await FoxgloveSink.listen({ encoder: new ChannelEncoder(), host, port });
    await again.close();
  });

  it("throws the error of a conversion at the next write", async () => {
    const sink = await serve();
    const client = await connect(sink);
    client.subscribe("/camera/image");
    await roundTrip(client);
    const good = sampleExplanation(0);
    const image = { ...good.observation.images.image!, height: 1 };
    expect(() => sink.write({ ...good, observation: { ...good.observation, images: { image } } })).toThrow(
      "image image: 36864 bytes",
    );
  });
});
