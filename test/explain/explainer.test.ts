import type { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { Explainer, type ExplainerOptions } from "#src/explain/explainer.js";
import { type Explanation, isMeaningful } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import { run } from "#src/explain/pipeline.js";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { relu } from "#src/graph/build.js";
import type { Policy } from "#src/policy/policy.js";
import { Session } from "#src/runtime/session.js";
import { dense, jointObservation, jointPolicy, reacherObservation, reacherPolicy } from "./policies.js";

const open: Explainer[] = [];
afterEach(async () => {
  for (const explainer of open.splice(0)) await explainer.close();
});

/** In this thread, and never late, unless told otherwise. */
async function create(policy: Policy, options: ExplainerOptions = {}): Promise<Explainer> {
  const explainer = await Explainer.create(policy, { worker: false, threads: 1, budget: 1e6, ...options });
  open.push(explainer);
  return explainer;
}

/** All but the time it took. */
const timeless = ({ latencyMs: _, ...rest }: Explanation) => rest;
const sum = (values: Iterable<number>) => [...values].reduce((a, x) => a + x, 0);
const flagsOf = async (explainer: Explainer, observation: Observation) => (await explainer.explain(observation)).flags;

describe("Explainer", () => {
  it("gives the same bits in a worker thread and in this thread, every time", async () => {
    const here = await create(reacherPolicy());
    const there = await create(reacherPolicy(), { worker: true });
    for (const tick of [0, 1, 2, 1]) {
      const explanation = timeless(await here.explain(reacherObservation(tick)));
      expect(timeless(await there.explain(reacherObservation(tick)))).toEqual(explanation);
      expect(explanation.shares.every((share) => share > 0)).toBe(true);
    }
  });

  it("gives exactly the torque of the policy alone", async () => {
    const policy = reacherPolicy();
    const alone = await Session.create(policy.bytes, { threads: 1 });
    const { images, values } = reacherObservation(3);
    const configuration = Float32Array.from(
      ["joint_position", "joint_velocity", "end_effector_position", "end_effector_velocity"].flatMap((name) => [
        ...values[name]!,
      ]),
    );
    const { torque } = await alone.run({
      image: { dtype: "uint8", shape: [1, 64, 80, 3], data: images.image!.data },
      configuration: { dtype: "float32", shape: [1, 10], data: configuration },
    });
    await alone.release();
    const explanation = await (await create(policy)).explain(reacherObservation(3));
    expect(explanation.torque).toEqual(torque!.data);
  });

  it("adds up: elements to shares, shares to ratios, everything to the α-weighted torque", async () => {
    const observation = reacherObservation(1);
    const explanation = await (await create(reacherPolicy())).explain(observation);
    const { shares, modalities, ratios, relevance, heatmaps, torque, torqueShares, torqueRelevance } = explanation;
    expect(modalities).toEqual([
      "image",
      "joint_position",
      "joint_velocity",
      "end_effector_position",
      "end_effector_velocity",
    ]);
    const asked = sum(torque.map((tau, j) => observation.importance[j]! * Math.abs(tau)));
    const amounts = [sum(heatmaps.image!.data), ...modalities.slice(1).map((name) => sum(relevance[name]!))];
    expect(sum(amounts) / asked).toBeCloseTo(1, 4);
    expect([heatmaps.image!.width, heatmaps.image!.height]).toEqual([80, 64]);
    const points = Array.from(explanation.featurePoints.image!);
    expect(points).toHaveLength(2 * 4);
    expect(points.every((x, i) => x > 0 && x < [80, 64][i % 2]!)).toBe(true);
    const sizes = modalities.slice(1).map((name) => sum(relevance[name]!.map(Math.abs)));
    sizes.forEach((size, m) => {
      expect(size / sum([amounts[0]!, ...sizes])).toBeCloseTo(shares[m + 1]!, 4);
    });
    expect(sum(shares)).toBeCloseTo(1, 5);
    expect(ratios.image).toBeCloseTo(shares[0]!, 6);
    expect(ratios.position).toBeCloseTo(shares[1]! + shares[3]!, 6);
    expect(ratios.velocity).toBeCloseTo(shares[2]! + shares[4]!, 6);
    expect(ratios.configuration).toBeCloseTo(1 - shares[0]!, 5);
    for (const j of [0, 1]) {
      const own = torqueShares.subarray(5 * j, 5 * j + 5);
      expect(sum(own)).toBeCloseTo(1, 5);
      const velocity = sum(torqueRelevance.joint_velocity!.subarray(2 * j, 2 * j + 2).map(Math.abs));
      expect(velocity / Math.abs(torque[j]!)).toBeCloseTo(own[2]!, 4);
    }
    expect(explanation.conservationResidual).toBeLessThan(1e-3);
    expect(explanation.flags).toEqual([]);
  });

  it("names method, policy and convention", async () => {
    const policy = reacherPolicy({ feature_points: { origin: "corner" } });
    expect(await (await create(policy)).explain(reacherObservation())).toMatchObject({
      method: "dtd",
      policySha256: policy.sha256,
      joints: ["shoulder", "elbow"],
      convention: {
        reference: {
          image: "range",
          joint_position: "mean",
          joint_velocity: "zero",
          end_effector_position: "values",
          end_effector_velocity: "zero",
        },
        featurePoints: "corner",
      },
    });
  });

  it("leaves out only heatmaps and residual at level shares", async () => {
    const full = await (await create(reacherPolicy())).explain(reacherObservation());
    const shares = await (await create(reacherPolicy(), { levels: ["shares"] })).explain(reacherObservation());
    expect(shares).toMatchObject({
      level: "shares",
      heatmaps: {},
      featurePoints: {},
      conservationResidual: Number.NaN,
      omitted: Number.NaN,
    });
    expect(full.level).toBe("full");
    expect(shares.torque).toEqual(full.torque);
    expect(shares.flags).toEqual([]);
    for (const values of ["shares", "torqueShares"] as const)
      shares[values].forEach((share, i) => {
        expect(share).toBeCloseTo(full[values][i]!, 4);
      });
    shares.relevance.joint_position!.forEach((relevance, i) => {
      expect(relevance).toBeCloseTo(full.relevance.joint_position![i]!, 5);
    });
  });

  it("does not change explanations after it returned them", async () => {
    const explainer = await create(reacherPolicy());
    const first = await explainer.explain(reacherObservation(0));
    const kept = structuredClone(timeless(first));
    await explainer.explain(reacherObservation(1));
    expect(timeless(first)).toEqual(kept);
  });

  it("explains several observations that are requested at once", async () => {
    const explainer = await create(reacherPolicy(), { worker: true });
    const ticks = [0, 1, 2, 3];
    const together = await Promise.all(ticks.map((tick) => explainer.explain(reacherObservation(tick))));
    for (const tick of ticks)
      expect(timeless(together[tick]!)).toEqual(timeless(await explainer.explain(reacherObservation(tick))));
  });
});

describe("flags", () => {
  it("idle: where the weighted torques are below the threshold", async () => {
    const explainer = await create(jointPolicy((state) => dense(state, [[2], [0]], [0])));
    expect(await flagsOf(explainer, jointObservation(0.0004, 0))).toContain("idle");
    expect(await flagsOf(explainer, jointObservation(0.0006, 0))).toEqual([]);
    const important = { ...jointObservation(0.0004, 0), importance: Float64Array.of(2) };
    expect(await flagsOf(explainer, important)).toEqual([]);
  });

  it("deadline_missed: where it takes longer than its part of the control period", async () => {
    const punctual = await create(reacherPolicy());
    expect(await flagsOf(punctual, reacherObservation())).toEqual([]);
    const late = await create(reacherPolicy(), { budget: 1e-6 });
    expect(late.deadlineMs).toBeCloseTo(5e-5, 9);
    expect(await flagsOf(late, reacherObservation())).toEqual(["deadline_missed"]);
  });

  it("empty_pool: where nothing speaks for the torque's sign", async () => {
    const explainer = await create(jointPolicy((state) => dense(state, [[1], [1]], [-5])));
    expect(await flagsOf(explainer, jointObservation(1, 1))).toContain("empty_pool");
    expect(await flagsOf(explainer, jointObservation(4, 4))).toEqual([]);
  });

  it("not_finite: where relevance is NaN although the torque is a number", async () => {
    // The logarithm of 0 is clipped; its gradient is 0 / 0.
    const policy = jointPolicy((state) => b.sum(apply("Clip", [b.log(state), b.scalar(-3), undefined]), [1], true));
    const explainer = await Explainer.create(policy, { method: "gradient-x-input", worker: false, threads: 1 });
    const broken = await explainer.explain(jointObservation(0, 1));
    expect(broken.torque[0]).toBeCloseTo(-3);
    expect(broken.flags).toContain("not_finite");
    expect(isMeaningful(broken.flags)).toBe(false);
    expect((await explainer.explain(jointObservation(2, 1))).flags).not.toContain("not_finite");
    await explainer.close();
  });

  it("not_conserving: where a torque comes from no input", async () => {
    const explainer = await create(jointPolicy((state) => dense(relu(dense(state, [[1], [1]], [0])), [[1]], [3])));
    const lost = await explainer.explain(jointObservation(-1, -1));
    expect(lost.conservationResidual).toBeCloseTo(1, 5);
    expect(lost.flags).toContain("not_conserving");
    expect(await flagsOf(explainer, jointObservation(1, 1))).toEqual([]);
  });

  it("include those of the observation", async () => {
    const explainer = await create(reacherPolicy());
    const observation: Observation = { ...reacherObservation(), flags: ["in_contact", "at_limit"] };
    expect(await flagsOf(explainer, observation)).toEqual(["in_contact", "at_limit"]);
  });
});

describe("errors", () => {
  const fine = reacherObservation();
  it.each<[string, Partial<Observation>, string]>([
    [
      "an image of another size",
      { images: { image: { ...fine.images.image!, width: 64 } } },
      "image: expected an image of 80×64 pixels, found 64×64",
    ],
    ["no image", { images: {} }, "image: the observation has no image of this name"],
    [
      "a joint too few",
      { values: { ...fine.values, joint_velocity: Float64Array.of(1) } },
      "joint_velocity: expected 2 elements (shoulder, elbow), found 1",
    ],
    [
      "NaN",
      { values: { ...fine.values, joint_position: Float64Array.of(0, Number.NaN) } },
      "joint_position: element elbow is NaN",
    ],
    ["an importance too few", { importance: Float64Array.of(1) }, "importance: expected 2 (shoulder, elbow), found 1"],
    [
      "an importance that is none",
      { importance: Float64Array.of(1, -1) },
      "importance: elbow has -1, expected a 32-bit float, 0 or more",
    ],
  ])("refuses an observation with %s, and goes on", async (_, change, message) => {
    const explainer = await create(reacherPolicy());
    await expect(explainer.explain({ ...fine, ...change })).rejects.toThrow(new InputError(message));
    expect((await explainer.explain(fine)).flags).toEqual([]);
  });

  it("name tick and joint of a torque that is not a number", async () => {
    const explainer = await create(jointPolicy((state) => dense(state, [[3e38], [0]], [0])));
    expect((await explainer.explain(jointObservation(1, 1))).torque[0]).toBeCloseTo(3e38, -32);
    await expect(explainer.explain({ ...jointObservation(10, 1), tick: 7 })).rejects.toThrow(
      new InputError("test.onnx: tick 7: the torque of hinge is Infinity, expected a number"),
    );
  });

  it("refuses an unknown method", async () => {
    await expect(Explainer.create(reacherPolicy(), { method: "guess" })).rejects.toBeInstanceOf(InputError);
  });

  it.each([true, false])(
    "finishes what is under way when it is closed, and explains no more (worker %s)",
    async (worker) => {
      const explainer = await create(reacherPolicy(), { worker });
      const running = explainer.explain(fine);
      await explainer.close();
      expect((await running).torque).toHaveLength(2);
      await expect(explainer.explain(fine)).rejects.toThrow("the inference session was released");
      await explainer.close();
    },
  );

  it("of a worker that died reach the running pipeline, which closes the sinks", async () => {
    const explainer = await create(reacherPolicy(), { worker: true });
    const worker = workerOf(explainer);
    const written: number[] = [];
    let closed = false;
    const source = {
      async *observations() {
        yield reacherObservation(0);
        await worker.terminate();
        yield reacherObservation(1);
      },
    };
    const sink = {
      write: ({ observation }: Explanation) => void written.push(observation.tick),
      close: async () => {
        closed = true;
      },
    };
    await expect(run(source, explainer, [sink])).rejects.toThrow(/^the inference worker has ended/);
    expect([written, closed]).toEqual([[0], true]);
  });
});

/** The thread that an explainer computes in. */
const workerOf = (explainer: Explainer): Worker =>
  (explainer as unknown as { engine: { models: { worker: Worker } } }).engine.models.worker;
