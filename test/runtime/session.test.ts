import type { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { float32, Session, type SessionOptions, type TensorData } from "#src/runtime/session.js";
import { WorkerSession } from "#src/runtime/worker-session.js";
import { reacherModel } from "../policy/model.js";

/** y = 2x + 1, and the sum of x. */
function affine(): Uint8Array {
  const x = b.input("x", "float32", [1, 3]);
  return writeModel({
    name: "affine",
    inputs: new Map([["x", x]]),
    outputs: new Map([
      ["y", b.add(b.mul(x, 2), 1)],
      ["total", b.sum(x)],
    ]),
    metadata: new Map(),
    opset: 18,
  });
}

const feeds = (...x: number[]) => ({ x: float32(x, [1, 3]) });
const y = async (outputs: Promise<Record<string, TensorData>>) => Array.from((await outputs).y!.data as Float32Array);

type AnySession = Session | WorkerSession;
const open: AnySession[] = [];
afterEach(async () => {
  for (const session of open.splice(0)) await session.release();
});

describe.each([
  ["Session", Session.create],
  ["WorkerSession", WorkerSession.create],
])("%s", (_, make: (model: Uint8Array, options?: SessionOptions) => Promise<AnySession>) => {
  async function create(model: Uint8Array): Promise<AnySession> {
    const session = await make(model, { threads: 1 });
    open.push(session);
    return session;
  }

  it("gives every output by name, with its type and shape", async () => {
    const outputs = await (await create(affine())).run(feeds(1, 2, 4));
    expect(outputs.y).toEqual({ dtype: "float32", shape: [1, 3], data: Float32Array.of(3, 5, 9) });
    expect(outputs.total).toEqual({ dtype: "float32", shape: [], data: Float32Array.of(7) });
  });

  it("answers each of many runs at once with its own outputs, and changes none later", async () => {
    const session = await create(affine());
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => y(session.run(feeds(i, 0, 0)))));
    expect(results.map(([first]) => first)).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i + 1));
  });

  it("lets the caller use the feed's buffer again at once", async () => {
    const session = await create(affine());
    const feed = feeds(1, 2, 3);
    const before = y(session.run(feed));
    if (session instanceof WorkerSession) (feed.x.data as Float32Array).fill(0);
    expect(await before).toEqual([3, 5, 7]);
  });

  it.each([
    ["that is no ONNX file", Uint8Array.of(1, 2, 3)],
    ["that is empty", new Uint8Array(0)],
    ["that is cut off", affine().slice(0, -40)],
    ["with an operator that does not exist", renamed(affine(), "Mul", "Mux")],
  ])("refuses a model %s", async (_, model) => {
    const refused = make(model).catch((error: unknown) => error);
    expect(await refused).toBeInstanceOf(InputError);
    expect(((await refused) as Error).message).toMatch(/^onnxruntime refused the model: ./);
  });

  it("tells of a feed that does not fit, and goes on", async () => {
    const session = await create(affine());
    await expect(session.run({})).rejects.toThrow(/input 'x' is missing/);
    await expect(session.run({ x: float32([1, 2], [1, 2]) })).rejects.toThrow();
    expect(await y(session.run(feeds(0, 0, 0)))).toEqual([1, 1, 1]);
  });

  it("finishes the runs under way before it is released, and takes no more after", async () => {
    const session = await create(reacherModel());
    const inputs = {
      image: { dtype: "uint8", shape: [1, 64, 80, 3], data: new Uint8Array(64 * 80 * 3) },
      configuration: float32(new Float32Array(10), [1, 10]),
    } as const;
    const running = [session.run(inputs), session.run(inputs), session.run(inputs)];
    const released = session.release();
    await expect(session.run(inputs)).rejects.toThrow("the inference session was released");
    expect((await Promise.all(running)).map(({ torque }) => torque!.shape)).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    await released;
    await session.release();
    await expect(session.run(inputs)).rejects.toThrow("the inference session was released");
  });
});

describe("WorkerSession", () => {
  it("gives bit for bit what a session in this thread gives", async () => {
    const data = Uint8Array.from({ length: 64 * 80 * 3 }, (_, i) => (i * 37) % 256);
    const inputs = {
      image: { dtype: "uint8", shape: [1, 64, 80, 3], data },
      configuration: float32([0.1, -0.2, 1, 2, 0.3, 0.4, 0, -1, 0.5, 0], [1, 10]),
    } as const;
    const here = await Session.create(reacherModel());
    const there = await WorkerSession.create(reacherModel());
    open.push(here, there);
    expect(await there.run(inputs)).toEqual(await here.run(inputs));
  });

  it("fails the runs under way and those to come where its thread dies", async () => {
    const session = await WorkerSession.create(affine());
    open.push(session);
    // Not a request: the thread throws, as it would on running out of memory.
    threadOf(session).postMessage(null);
    const running = session.run(feeds(1, 2, 3));
    await expect(running).rejects.toThrow(/^the inference worker failed: ./);
    await expect(session.run(feeds(1, 2, 3))).rejects.toThrow(/^the inference worker failed: ./);
  });

  it("tells that its thread has ended", async () => {
    const session = await WorkerSession.create(affine());
    open.push(session);
    await threadOf(session).terminate();
    await expect(session.run(feeds(1, 2, 3))).rejects.toThrow("the inference worker has ended (code 1)");
  });
});

const threadOf = (session: WorkerSession): Worker => (session as unknown as { worker: Worker }).worker;

function renamed(model: Uint8Array, from: string, to: string): Uint8Array {
  const copy = Buffer.from(model);
  copy.write(to, copy.indexOf(from));
  return Uint8Array.from(copy);
}
