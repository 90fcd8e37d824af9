import type { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { LocalModels, type Models, type Step } from "#src/runtime/models.js";
import { float32, Session, type SessionOptions, type TensorData } from "#src/runtime/session.js";
import { WorkerModels } from "#src/runtime/worker-models.js";
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

const open: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const session of open.splice(0)) await session.release();
});
const opened = <T extends { release(): Promise<void> }>(session: T): T => {
  open.push(session);
  return session;
};

describe("Session", () => {
  const create = async (model: Uint8Array) => opened(await Session.create(model, { threads: 1 }));

  it("gives every output by name, with its type and shape, or those asked for", async () => {
    const session = await create(affine());
    const outputs = await session.run(feeds(1, 2, 4));
    expect(outputs.y).toEqual({ dtype: "float32", shape: [1, 3], data: Float32Array.of(3, 5, 9) });
    expect(outputs.total).toEqual({ dtype: "float32", shape: [], data: Float32Array.of(7) });
    expect(Object.keys(await session.run(feeds(1, 2, 4), ["total"]))).toEqual(["total"]);
  });

  it("finishes the runs under way before it is released, and refuses later ones", async () => {
    const session = await create(affine());
    const running = [session.run(feeds(1, 0, 0)), session.run(feeds(2, 0, 0))];
    const ended = session.release();
    await expect(session.run(feeds(1, 2, 3))).rejects.toThrow("the inference session was released");
    expect(await Promise.all(running.map(y))).toEqual([
      [3, 1, 1],
      [5, 1, 1],
    ]);
    await ended;
    await session.release();
  });
});

/** y alone, of one model. */
const onlyY = (model = "affine"): Step => ({ model, outputs: ["y"] });

describe.each<[string, (models: Record<string, Uint8Array>, options?: SessionOptions) => Promise<Models>]>([
  ["LocalModels", LocalModels.create],
  ["WorkerModels", WorkerModels.create],
])("%s", (name, make) => {
  const create = async (models: Record<string, Uint8Array> = { affine: affine() }) =>
    opened(await make(models, { threads: 1 }));
  const run = (models: Models, ...x: number[]) => y(models.run(feeds(...x), [onlyY()])[0]!);

  it("gives the outputs that each step asks for, its own feeds replacing common ones", async () => {
    const models = await create({ affine: affine(), other: affine() });
    const steps: Step[] = [
      { model: "affine", outputs: ["y", "total"] },
      { model: "other", feeds: feeds(0, 0, 1), outputs: ["total"] },
    ];
    const [first, second] = await Promise.all(models.run(feeds(1, 2, 4), steps));
    expect(first).toEqual({
      y: { dtype: "float32", shape: [1, 3], data: Float32Array.of(3, 5, 9) },
      total: { dtype: "float32", shape: [], data: Float32Array.of(7) },
    });
    expect(second).toEqual({ total: { dtype: "float32", shape: [], data: Float32Array.of(1) } });
  });

  it("answers each of many runs at once with its own outputs, and changes none later", async () => {
    const models = await create();
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => run(models, i, 0, 0)));
    expect(results.map(([first]) => first)).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i + 1));
  });

  it("settles in the order of the steps, and of the calls", async () => {
    const models = await create();
    const order: string[] = [];
    const calls = ["a", "b"].map((call) =>
      models.run(feeds(1, 2, 3), [onlyY(), onlyY()]).map((step, i) => step.then(() => order.push(`${call}${i}`))),
    );
    await Promise.all(calls.flat());
    expect(order).toEqual(["a0", "a1", "b0", "b1"]);
  });

  it("fails the steps after a failed one, and no other call", async () => {
    const models = await create();
    const wrong = { ...onlyY(), feeds: { x: float32([1, 2], [1, 2]) } };
    const [first, second, third] = models.run(feeds(1, 2, 3), [onlyY(), wrong, onlyY()]);
    const after = run(models, 0, 0, 0);
    expect(await y(first!)).toEqual([3, 5, 7]);
    await expect(second).rejects.toThrow();
    await expect(third).rejects.toThrow();
    expect(await after).toEqual([1, 1, 1]);
  });

  it.each([
    ["that is no ONNX file", Uint8Array.of(1, 2, 3)],
    ["that is empty", new Uint8Array(0)],
    ["that is cut off", affine().slice(0, -40)],
    ["with an operator that does not exist", renamed(affine(), "Mul", "Mux")],
  ])("refuses a model %s", async (_, model) => {
    const refused = make({ affine: affine(), model }).catch((error: unknown) => error);
    expect(await refused).toBeInstanceOf(InputError);
    expect(((await refused) as Error).message).toMatch(/^onnxruntime refused the model: ./);
  });

  it("reports a feed that does not fit, and continues", async () => {
    const models = await create();
    await expect(models.run({}, [onlyY()])[0]).rejects.toThrow(/input 'x' is missing/);
    expect(await run(models, 0, 0, 0)).toEqual([1, 1, 1]);
  });

  it("lets the caller use the feed's buffer again at once", async () => {
    if (name === "LocalModels") return; // Nothing is copied in one thread.
    const models = await create();
    const feed = feeds(1, 2, 3);
    const before = y(models.run(feed, [onlyY()])[0]!);
    (feed.x.data as Float32Array).fill(0);
    expect(await before).toEqual([3, 5, 7]);
  });

  it("finishes the runs under way before it is released, and refuses later ones", async () => {
    const models = await create({ reacher: Uint8Array.from(reacherModel()) });
    const inputs = {
      image: { dtype: "uint8", shape: [1, 64, 80, 3], data: new Uint8Array(64 * 80 * 3) },
      configuration: float32(new Float32Array(10), [1, 10]),
    } as const;
    const step: Step = { model: "reacher", outputs: ["torque"] };
    const running = [models.run(inputs, [step, step]), models.run(inputs, [step])].flat();
    const ended = models.release();
    await expect(models.run(inputs, [step])[0]).rejects.toThrow("the inference session was released");
    expect((await Promise.all(running)).map(({ torque }) => torque!.shape)).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    await ended;
    await models.release();
    await expect(models.run(inputs, [step])[0]).rejects.toThrow("the inference session was released");
  });
});

describe("WorkerModels", () => {
  const create = async () => opened(await WorkerModels.create({ affine: affine() }));

  it("gives bit for bit what a session in this thread gives", async () => {
    const data = Uint8Array.from({ length: 64 * 80 * 3 }, (_, i) => (i * 37) % 256);
    const inputs = {
      image: { dtype: "uint8", shape: [1, 64, 80, 3], data },
      configuration: float32([0.1, -0.2, 1, 2, 0.3, 0.4, 0, -1, 0.5, 0], [1, 10]),
    } as const;
    const here = opened(await Session.create(reacherModel()));
    const there = opened(await WorkerModels.create({ reacher: Uint8Array.from(reacherModel()) }));
    const [outputs] = there.run(inputs, [{ model: "reacher", outputs: here.outputNames }]);
    expect(await outputs).toEqual(await here.run(inputs));
  });

  it("fails steps under way and later ones if its thread dies", async () => {
    const models = await create();
    // Not a request: the thread throws, as it would on running out of memory.
    threadOf(models).postMessage(null);
    const running = models.run(feeds(1, 2, 3), [onlyY(), onlyY()]);
    for (const step of running) await expect(step).rejects.toThrow(/^the inference worker failed: ./);
    await expect(models.run(feeds(1, 2, 3), [onlyY()])[0]).rejects.toThrow(/^the inference worker failed: ./);
  });

  it("reports that its thread has ended", async () => {
    const models = await create();
    await threadOf(models).terminate();
    await expect(models.run(feeds(1, 2, 3), [onlyY()])[0]).rejects.toThrow("the inference worker has ended (code 1)");
  });
});

const threadOf = (models: WorkerModels): Worker => (models as unknown as { worker: Worker }).worker;

function renamed(model: Uint8Array, from: string, to: string): Uint8Array {
  const copy = Buffer.from(model);
  copy.write(to, copy.indexOf(from));
  return Uint8Array.from(copy);
}
