import type { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { Explainer, type ExplainerOptions } from "#src/explain/explainer.js";
import { type Explanation, LEVELS, type Level } from "#src/explain/explanation.js";
import type { Policy } from "#src/policy/policy.js";
import type { Method } from "#src/relevance/contract/method.js";
import { compositeMethod } from "#src/relevance/methods/composite-method.js";
import { methodNamed } from "#src/relevance/methods.js";
import { Session } from "#src/runtime/session.js";
import { dense, jointObservation, jointPolicy, reacherObservation, reacherPolicy } from "./policies.js";

const open: Explainer[] = [];
afterEach(async () => {
  for (const explainer of open.splice(0)) await explainer.close();
});
async function create(options: ExplainerOptions = {}, policy: Policy = reacherPolicy()): Promise<Explainer> {
  const explainer = await Explainer.create(policy, {
    worker: false,
    threads: 1,
    budget: 1e6,
    levels: LEVELS,
    ...options,
  });
  open.push(explainer);
  return explainer;
}
const only = (level: Level, options: ExplainerOptions = {}) => create({ levels: [level], ...options });
/** All but the time it took. */
const timeless = ({ latencyMs: _, ...rest }: Explanation) => rest;
const oneHot = (tick: number, torque: number) => ({
  ...reacherObservation(tick),
  importance: Float64Array.of(Number(torque === 0), Number(torque === 1)),
});

describe("levels of one explainer", () => {
  it.each([true, false])("give the same bits as explainers of one level (worker %s)", async (worker) => {
    const all = await create({ worker });
    expect(all.levels).toEqual(["full", "shares", "skip"]);
    for (const level of LEVELS) {
      const alone = await only(level);
      for (const tick of [0, 1, 2])
        expect(timeless(await all.explain(reacherObservation(tick), { level }))).toEqual(
          timeless(await alone.explain(reacherObservation(tick))),
        );
    }
    expect((await all.explain(reacherObservation())).level).toBe("full");
  });

  it.each(["rap", "lrp-epsilon", "gradient-x-input", "lrp-gamma:gamma=0.5"])("also by %s", async (method) => {
    const all = await create({ method });
    for (const level of LEVELS)
      expect(timeless(await all.explain(reacherObservation(1), { level }))).toEqual(
        timeless(await (await only(level, { method })).explain(reacherObservation(1))),
      );
  });

  it("skip gives the policy's torque alone; what was not computed is NaN", async () => {
    const policy = reacherPolicy();
    const alone = await Session.create(policy.bytes, { threads: 1 });
    const { images, values } = reacherObservation(3);
    const { torque } = await alone.run({
      image: { dtype: "uint8", shape: [1, 64, 80, 3], data: images.image!.data },
      configuration: {
        dtype: "float32",
        shape: [1, 10],
        data: Float32Array.from(
          ["joint_position", "joint_velocity", "end_effector_position", "end_effector_velocity"].flatMap((name) => [
            ...values[name]!,
          ]),
        ),
      },
    });
    await alone.release();
    const skipped = await (await create({}, policy)).explain(reacherObservation(3), { level: "skip" });
    expect(skipped.torque).toEqual(torque!.data);
    expect(skipped).toMatchObject({
      level: "skip",
      shares: new Float32Array(5).fill(Number.NaN),
      torqueShares: new Float32Array(10).fill(Number.NaN),
      relevance: {},
      torqueRelevance: {},
      heatmaps: {},
      featurePoints: {},
      ratios: { image: Number.NaN, position: Number.NaN, velocity: Number.NaN, configuration: Number.NaN },
      conservationResidual: Number.NaN,
      omitted: Number.NaN,
      flags: [],
    });
  });

  it("an error names a level that is not loaded", async () => {
    const full = await only("full");
    const refused = (needs: string) => new InputError(`level ${needs} is needed but not loaded; loaded are full`);
    await expect(full.explain(reacherObservation(), { level: "shares" })).rejects.toThrow(refused("shares"));
    await expect(full.explain(reacherObservation(), { onTorque: () => {} })).rejects.toThrow(refused("skip"));
    await expect(full.explain(reacherObservation(), { heatmapOf: "elbow" })).rejects.toThrow(refused("shares"));
    expect((await full.explain(reacherObservation())).level).toBe("full");
  });
});

describe("the heatmap of one joint", () => {
  it.each([
    ["shoulder", 0],
    ["elbow", 1],
  ])("%s: heatmap and relevance of its torque alone, shares of all", async (joint, j) => {
    const all = await create();
    const explanation = timeless(await all.explain(reacherObservation(2), { heatmapOf: joint }));
    const alone = await (await only("full")).explain(oneHot(2, j));
    const shares = await (await only("shares")).explain(reacherObservation(2));
    expect(explanation).toEqual({
      ...timeless(shares),
      level: "full",
      heatmapOf: joint,
      heatmaps: alone.heatmaps,
      featurePoints: alone.featurePoints,
      relevance: alone.relevance,
      conservationResidual: alone.conservationResidual,
      omitted: alone.omitted,
    });
    const total = [explanation.heatmaps.image!.data, ...Object.values(explanation.relevance)].flatMap((part) => [
      ...part,
    ]);
    const sum = total.reduce((a, x) => a + x, 0);
    expect(sum / Math.abs(explanation.torque[j]!)).toBeCloseTo(1, 4);
  });

  it("is absent below level full; an unknown joint is an error", async () => {
    const all = await create();
    const shares = await all.explain(reacherObservation(), { level: "shares", heatmapOf: "elbow" });
    expect(timeless(shares)).toEqual(timeless(await all.explain(reacherObservation(), { level: "shares" })));
    expect(shares.heatmapOf).toBeUndefined();
    await expect(all.explain(reacherObservation(), { heatmapOf: "wrist" })).rejects.toThrow(
      new InputError("heatmap of joint wrist: expected one of shoulder, elbow"),
    );
  });
});

describe("torque first", () => {
  it("the policy runs, then the torque is passed on, then the explanation starts", async () => {
    const all = await create();
    const diary: string[] = [];
    const { sessions } = (all as unknown as { engine: { models: { sessions: Map<Level, Session> } } }).engine.models;
    for (const [level, session] of sessions) {
      const run = session.run.bind(session);
      session.run = (...args) => {
        diary.push(level);
        return run(...args);
      };
    }
    const onTorque = () => void diary.push("torque");
    await all.explain(reacherObservation(), { onTorque });
    await all.explain(reacherObservation(), { onTorque, level: "shares" });
    await all.explain(reacherObservation(), { onTorque, level: "skip" });
    await all.explain(reacherObservation(), { onTorque, heatmapOf: "elbow" });
    expect(diary.join(" ")).toBe("skip torque full skip torque shares skip torque skip torque shares full");
  });

  it.each([true, false])(
    "is the torque of the explanation, which is else what it is without (worker %s)",
    async (worker) => {
      const all = await create({ worker });
      for (const level of LEVELS) {
        const torques: Float32Array[] = [];
        const onTorque = (torque: Float32Array) => void torques.push(torque);
        const explanation = await all.explain(reacherObservation(1), { level, onTorque });
        expect(torques).toEqual([explanation.torque]);
        expect(timeless(explanation)).toEqual(timeless(await all.explain(reacherObservation(1), { level })));
      }
    },
  );

  it("never passes on a torque that is not a number", async () => {
    const all = await create(
      {},
      jointPolicy((state) => dense(state, [[3e38], [0]], [0])),
    );
    const torques: Float32Array[] = [];
    const onTorque = (torque: Float32Array) => void torques.push(torque);
    await expect(all.explain(jointObservation(10, 1), { onTorque })).rejects.toThrow(/the torque of hinge is Infinity/);
    expect(torques).toEqual([]);
    expect((await all.explain(jointObservation(0, 1), { onTorque })).torque).toEqual(torques[0]);
  });

  it("rethrows the command's error, and goes on", async () => {
    const all = await create({ worker: true });
    const onTorque = () => {
      throw new Error("no brakes");
    };
    await expect(all.explain(reacherObservation(), { onTorque })).rejects.toThrow("no brakes");
    expect((await all.explain(reacherObservation())).level).toBe("full");
  });
});

describe("a change of method", () => {
  const table = (name: string) =>
    compositeMethod(
      `torquelens_composite: 1\nname: ${name}\noperators: signed\nrows:\n  - rule: epsilon\n    position: hidden\n`,
      `${name}.yaml`,
    );

  it.each<[string, (name: string) => string | Method]>([
    ["a name", () => "lrp-epsilon:epsilon=0.1"],
    ["a method", () => methodNamed("lrp-epsilon:epsilon=0.1")],
    ["a composite table", table],
    ["a method of one's own", (name) => ({ ...table(name), origin: undefined })],
  ])("to %s gives what an explainer made with it gives", async (name, make) => {
    const method = make(name.replaceAll(/\W/g, "-"));
    for (const worker of [true, false]) {
      const changed = await create({ worker });
      await changed.setMethod(method);
      const made = await create({ method, compileInThread: worker });
      expect(changed.method.spec).toBe(made.method.spec);
      expect(changed.warnings).toEqual(made.warnings);
      for (const level of LEVELS)
        expect(timeless(await changed.explain(reacherObservation(1), { level }))).toEqual(
          timeless(await made.explain(reacherObservation(1), { level })),
        );
    }
  });

  it("is compiled in one thread and loaded in another; a user's own method is compiled in this one", async () => {
    let threads = 0;
    const count = () => void threads++;
    process.on("worker", count);
    const explainer = await create({ worker: true, levels: ["shares"] });
    const counts = [threads];
    for (const method of ["rap", methodNamed("rap"), table("here"), { ...methodNamed("rap"), origin: undefined }]) {
      threads = 0;
      await explainer.setMethod(method);
      counts.push(threads);
    }
    process.off("worker", count);
    // The first one also runs the policy's file, in a thread of its own.
    expect(counts).toEqual([2, 2, 2, 2, 1]);
  });

  it("that fails keeps the old method", async () => {
    const explainer = await create({ worker: true });
    for (const wrong of ["guess", "dtd:flavour=1", "attention"])
      await expect(explainer.setMethod(wrong)).rejects.toBeInstanceOf(InputError);
    expect((await explainer.explain(reacherObservation())).method).toBe("dtd");
  });

  it("replaces a dead worker", async () => {
    const explainer = await create({ worker: true, levels: ["skip"] });
    const { worker } = (explainer as unknown as { engine: { models: { worker: Worker } } }).engine.models;
    await worker.terminate();
    await expect(explainer.explain(reacherObservation())).rejects.toThrow(/^the inference worker has ended/);
    await explainer.setMethod("dtd");
    expect((await explainer.explain(reacherObservation())).level).toBe("skip");
  });

  it("stops when the explainer is closed, and leaves nothing open", async () => {
    const explainer = await create({ worker: true });
    const changing = explainer.setMethod("rap").catch((error: Error) => error.message);
    await explainer.close();
    expect(await changing).toBe("the explainer was closed");
    await expect(explainer.setMethod("rap")).rejects.toThrow("the explainer was closed");
  });
});
