import { describe, expect, it } from "vitest";
import type { Explanation } from "#src/explain/explanation.js";
import { type Connection, Outlet } from "#src/foxglove/outlet.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import type { Channel, ChannelOptions } from "#src/messages/channels.js";
import { sampleExplanation } from "../messages/sample.js";

const MESSAGE_DATA = 1;
const FRAME_HEADER = 13;

/** A connection that takes nothing until it is told to, as `ws` behaves when the other side does not read. */
class SlowConnection implements Connection {
  readonly frames: { data: Uint8Array; done: () => void }[] = [];
  get bufferedAmount(): number {
    return this.frames.reduce((sum, { data }) => sum + data.length, 0);
  }
  send(data: Uint8Array | string, done: () => void): void {
    this.frames.push({ data: typeof data === "string" ? Buffer.from(data) : data, done });
  }
  /** Takes everything; what the outlet sends in answer waits again. */
  drain(): Uint8Array[] {
    const taken = this.frames.splice(0);
    for (const { done } of taken) done();
    return taken.map(({ data }) => data);
  }
}

/** An encoder that notes what it is asked for. */
class NotingEncoder extends ChannelEncoder {
  readonly asked: string[] = [];
  override encode(channel: Channel, explanation: Explanation) {
    this.asked.push(`${channel.topic} ${explanation.observation.tick}`);
    return super.encode(channel, explanation);
  }
}

function setUp(options: ChannelOptions = {}) {
  const connection = new SlowConnection();
  const encoder = new NotingEncoder(options);
  const errors: unknown[] = [];
  const outlet = new Outlet(connection, encoder, (error) => errors.push(error));
  const channel = (topic: string) => encoder.channels.find((candidate) => candidate.topic === topic)!;
  return { connection, encoder, outlet, errors, channel };
}

/** [subscription, tick] of every message frame; the stamp tells the tick. */
function messages(frames: readonly Uint8Array[]): [number, number][] {
  const start = sampleExplanation(0, 1, 1).observation.stamp;
  return frames
    .filter((frame) => frame[0] === MESSAGE_DATA)
    .map((frame) => {
      const view = new DataView(frame.buffer, frame.byteOffset);
      return [view.getUint32(1, true), Number((view.getBigUint64(5, true) - start) / 50_000_000n)];
    });
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 100));

describe("Outlet", () => {
  it("encodes nothing without a subscription, and only what is subscribed to", () => {
    const { outlet, encoder, connection, channel } = setUp();
    outlet.offer(sampleExplanation(0));
    expect(encoder.asked).toEqual([]);
    expect(connection.frames).toEqual([]);
    outlet.subscribe(channel("/torquelens/ratios"), 7, 0n);
    outlet.offer(sampleExplanation(1));
    expect(encoder.asked).toEqual(["/torquelens/ratios 1"]);
    expect(outlet.unsubscribe(7)).toBe(true);
    outlet.offer(sampleExplanation(2));
    expect(encoder.asked).toEqual(["/torquelens/ratios 1"]);
    expect(outlet.unsubscribe(7)).toBe(false);
  });

  it("keeps and encodes only the latest image while the client does not read", () => {
    const { outlet, encoder, connection, channel } = setUp();
    outlet.subscribe(channel("/camera/image"), 1, 0n);
    // One frame is more than may wait.
    for (let tick = 0; tick < 10; tick++) outlet.offer(sampleExplanation(tick, 320, 240));
    expect(messages(connection.frames.map(({ data }) => data))).toEqual([[1, 0]]);
    expect(outlet.counts).toEqual({ sent: 1, replaced: 8, refused: 0 });
    connection.drain();
    expect(messages(connection.drain())).toEqual([[1, 9]]);
    expect(encoder.asked).toEqual(["/camera/image 0", "/camera/image 9"]);
  });

  it("sends small messages before waiting images", () => {
    const { outlet, connection, channel } = setUp();
    outlet.subscribe(channel("/camera/image"), 1, 0n);
    outlet.subscribe(channel("/torquelens/explanation"), 2, 0n);
    for (let tick = 0; tick < 20; tick++) outlet.offer(sampleExplanation(tick, 320, 240));
    const sent = messages(connection.frames.map(({ data }) => data));
    expect(sent.filter(([subscription]) => subscription === 2)).toHaveLength(20);
    expect(sent.filter(([subscription]) => subscription === 1)).toEqual([[1, 0]]);
  });

  it("takes image channels in turn", () => {
    const { outlet, connection, channel } = setUp();
    outlet.subscribe(channel("/camera/image"), 1, 0n);
    outlet.subscribe(channel("/torquelens/heatmap/mono16"), 2, 0n);
    const order: number[] = [];
    for (let tick = 0; tick < 6; tick++) {
      outlet.offer(sampleExplanation(tick, 320, 240));
      order.push(...messages(connection.drain()).map(([subscription]) => subscription));
    }
    expect(order).toEqual([1, 2, 1, 2, 1, 2]);
  });

  it("bounds the memory of a client that never reads", () => {
    const { outlet, connection, encoder } = setUp();
    for (const [index, channel] of encoder.channels.entries()) {
      if (channel.topic !== "/torquelens/overlay/compressed") outlet.subscribe(channel, index, 0n);
    }
    const heights: number[] = [];
    for (let tick = 0; tick < 1000; tick++) {
      outlet.offer(sampleExplanation(tick, 16, 12));
      heights.push(connection.bufferedAmount);
    }
    expect(Math.max(...heights)).toBeLessThan(512 * 1024);
    expect(heights.at(-1)).toBe(heights.at(-300));
    expect(outlet.counts.refused).toBeGreaterThan(0);
    expect(outlet.counts.replaced).toBeGreaterThan(0);
  });

  it("continues with the newest image when the client reads again", () => {
    const { outlet, connection, channel } = setUp();
    outlet.subscribe(channel("/torquelens/explanation"), 1, 0n);
    for (let tick = 0; tick < 1000; tick++) outlet.offer(sampleExplanation(tick, 8, 8));
    expect(outlet.counts.refused).toBeGreaterThan(0);
    connection.drain();
    outlet.offer(sampleExplanation(1000, 8, 8));
    expect(messages(connection.drain())).toEqual([[1, 1000]]);
  });

  it("sends a JPEG when it is ready, and then the newest", async () => {
    const { outlet, connection, encoder, channel } = setUp();
    outlet.subscribe(channel("/torquelens/overlay/compressed"), 1, 0n);
    for (let tick = 0; tick < 5; tick++) outlet.offer(sampleExplanation(tick, 64, 48));
    expect(encoder.asked).toEqual(["/torquelens/overlay/compressed 0"]);
    while (connection.frames.filter(({ data }) => data[0] === MESSAGE_DATA).length < 2) await settle();
    expect(messages(connection.drain())).toEqual([
      [1, 0],
      [1, 4],
    ]);
  });

  it("sends a latched message on every subscription, at any time", () => {
    const { outlet, connection, channel } = setUp({ robotDescription: "<robot/>" });
    outlet.subscribe(channel("/robot_description"), 5, 123n);
    const [frame] = connection.drain();
    const view = new DataView(frame!.buffer);
    expect([view.getUint32(1, true), view.getBigUint64(5, true)]).toEqual([5, 123n]);
    expect(Buffer.from(frame!.subarray(FRAME_HEADER)).toString("latin1")).toContain("<robot/>");
    outlet.offer(sampleExplanation(0));
    expect(messages(connection.drain())).toEqual([]);
    outlet.unsubscribe(5);
    outlet.subscribe(channel("/robot_description"), 6, 0n);
    expect(connection.drain()).toHaveLength(1);
  });

  it("reports an error of the conversion to its owner and goes on", () => {
    const { outlet, errors, connection, channel } = setUp();
    outlet.subscribe(channel("/camera/image"), 1, 0n);
    outlet.subscribe(channel("/torquelens/ratios"), 2, 0n);
    const good = sampleExplanation(0);
    const image = { ...good.observation.images.image!, height: 1 };
    outlet.offer({ ...good, observation: { ...good.observation, images: { image } } });
    expect(errors.map(String)).toEqual(["Error: image image: 36864 bytes, expected 1 rows of 384"]);
    outlet.offer(sampleExplanation(1));
    expect(messages(connection.drain())).toEqual([
      [2, 0],
      [2, 1],
      [1, 1],
    ]);
  });

  it("sends nothing after it is closed", async () => {
    const { outlet, connection, channel } = setUp();
    outlet.subscribe(channel("/torquelens/overlay/compressed"), 1, 0n);
    outlet.offer(sampleExplanation(0, 64, 48));
    outlet.close();
    outlet.offer(sampleExplanation(1, 64, 48));
    await settle();
    expect(messages(connection.drain())).toEqual([]);
  });
});
