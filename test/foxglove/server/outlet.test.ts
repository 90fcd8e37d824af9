import { describe, expect, it } from "vitest";
import { Board } from "#src/foxglove/board.js";
import { type Connection, Outlet } from "#src/foxglove/server/outlet.js";
import type { ServedChannel } from "#src/foxglove/thread.js";

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

const [SMALL, IMAGE, OTHER_IMAGE, LATCHED] = [0, 1, 2, 3];
const channel = (name: string, delivery: "every" | "latest", latched?: Uint8Array): ServedChannel => ({
  advertised: { id: 1, topic: name, encoding: "cdr", schemaName: "", schema: "", schemaEncoding: "ros2msg" },
  delivery,
  latched,
});

function setUp() {
  const connection = new SlowConnection();
  const channels = [
    channel("/small", "every"),
    channel("/image", "latest"),
    channel("/other", "latest"),
    channel("/latched", "every", Uint8Array.of(1, 2, 3)),
  ];
  const board = new Board(channels.length);
  const wanted: number[] = [];
  const outlet = new Outlet(connection, channels, board, (index) => wanted.push(index));
  const offer = (index: number, sequence: number, size = index === SMALL ? 2000 : 100_000) =>
    outlet.offer({ channel: index, sequence, stamp: BigInt(sequence), data: new Uint8Array(size) });
  return { connection, board, outlet, wanted, offer };
}

/** [subscription, stamp] of every message frame. */
function messages(frames: readonly Uint8Array[]): [number, number][] {
  return frames
    .filter((frame) => frame[0] === MESSAGE_DATA)
    .map((frame) => {
      const view = new DataView(frame.buffer, frame.byteOffset);
      return [view.getUint32(1, true), Number(view.getBigUint64(5, true))];
    });
}

describe("Outlet", () => {
  it("sends what is subscribed to, and counts subscribers on the board", () => {
    const { outlet, offer, connection, board } = setUp();
    offer(SMALL, 0);
    expect(connection.frames).toEqual([]);
    outlet.subscribe(SMALL, 7, 0n);
    expect(board.subscribers(SMALL)).toBe(1);
    offer(SMALL, 1);
    outlet.tell(5n);
    expect(messages(connection.drain())).toEqual([[7, 1]]);
    expect(outlet.unsubscribe(7)).toBe(true);
    expect(outlet.unsubscribe(7)).toBe(false);
    offer(SMALL, 2);
    expect(connection.frames).toEqual([]);
    expect([board.subscribers(SMALL), board.takers(SMALL)]).toEqual([0, 0]);
    expect(board.get("sent")).toBe(1);
  });

  it("sends an image once, and asks for the newest when the client reads again", () => {
    const { outlet, offer, connection, board, wanted } = setUp();
    outlet.subscribe(IMAGE, 1, 0n);
    expect(board.takers(IMAGE)).toBe(1);
    // One frame is more than may wait.
    for (let sequence = 0; sequence < 5; sequence++) offer(IMAGE, sequence);
    expect(messages(connection.frames.map(({ data }) => data))).toEqual([[1, 0]]);
    expect([board.takers(IMAGE), board.get("sent"), board.get("replaced")]).toEqual([0, 1, 3]);
    expect(wanted).toEqual([]);
    connection.drain();
    expect([wanted, board.takers(IMAGE)]).toEqual([[IMAGE], 1]);
    offer(IMAGE, 4);
    offer(IMAGE, 4);
    expect(messages(connection.drain())).toEqual([[1, 4]]);
  });

  it("sends small messages while images wait", () => {
    const { outlet, offer, connection } = setUp();
    outlet.subscribe(IMAGE, 1, 0n);
    outlet.subscribe(SMALL, 2, 0n);
    for (let sequence = 0; sequence < 20; sequence++) {
      offer(SMALL, sequence);
      offer(IMAGE, sequence);
    }
    const sent = messages(connection.frames.map(({ data }) => data));
    expect(sent.filter(([subscription]) => subscription === 2)).toHaveLength(20);
    expect(sent.filter(([subscription]) => subscription === 1)).toEqual([[1, 0]]);
  });

  it("asks for image channels in turn", () => {
    const { outlet, offer, connection, wanted } = setUp();
    outlet.subscribe(IMAGE, 1, 0n);
    outlet.subscribe(OTHER_IMAGE, 2, 0n);
    const order: number[] = [];
    offer(IMAGE, 0);
    offer(OTHER_IMAGE, 0);
    for (let sequence = 1; sequence < 6; sequence++) {
      order.push(...messages(connection.drain()).map(([subscription]) => subscription));
      for (const index of [...wanted.splice(0), IMAGE, OTHER_IMAGE]) offer(index, sequence);
    }
    expect(order).toEqual([1, 2, 1, 2, 1]);
  });

  it("bounds the memory of a client that never reads, and refuses small messages then", () => {
    const { outlet, offer, connection, board } = setUp();
    for (const index of [SMALL, IMAGE, OTHER_IMAGE, LATCHED]) outlet.subscribe(index, index, 0n);
    const heights: number[] = [];
    for (let sequence = 0; sequence < 1000; sequence++) {
      for (const index of [SMALL, IMAGE, OTHER_IMAGE]) offer(index, sequence);
      outlet.tell(0n);
      outlet.sendSmall("status");
      heights.push(connection.bufferedAmount);
    }
    expect(Math.max(...heights)).toBeLessThan(512 * 1024);
    expect(heights.at(-1)).toBe(heights.at(-300));
    expect(board.get("refused")).toBeGreaterThan(0);
    expect(board.get("replaced")).toBeGreaterThan(0);
    expect(board.get("bufferedBytes")).toBe(connection.bufferedAmount);
    connection.drain();
    offer(SMALL, 1000);
    expect(messages(connection.drain())).toEqual([[SMALL, 1000]]);
    expect(board.get("bufferedBytes")).toBe(0);
  });

  it("sends a latched message on every subscription, at any time", () => {
    const { outlet, connection } = setUp();
    outlet.subscribe(LATCHED, 5, 123n);
    const [frame] = connection.drain();
    expect(messages([frame!])).toEqual([[5, 123]]);
    expect([...frame!.subarray(FRAME_HEADER)]).toEqual([1, 2, 3]);
    outlet.unsubscribe(5);
    outlet.subscribe(LATCHED, 6, 0n);
    expect(connection.drain()).toHaveLength(1);
  });

  it("sends nothing after it is closed, and leaves nothing on the board", () => {
    const { outlet, offer, connection, board } = setUp();
    outlet.subscribe(IMAGE, 1, 0n);
    outlet.subscribe(OTHER_IMAGE, 2, 0n);
    for (const index of [IMAGE, OTHER_IMAGE]) offer(index, 0);
    outlet.close();
    expect(messages(connection.drain())).toEqual([[1, 0]]);
    offer(IMAGE, 1);
    outlet.sendSmall("late");
    expect(connection.frames).toEqual([]);
    const left = [IMAGE, OTHER_IMAGE].flatMap((index) => [board.subscribers(index), board.takers(index)]);
    expect([...left, board.get("bufferedBytes")]).toEqual([0, 0, 0, 0, 0]);
  });
});
