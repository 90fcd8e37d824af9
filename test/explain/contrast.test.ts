import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import type { ExplainerOptions, TickOptions } from "#src/explain/explainer.js";
import { ExplainerPool } from "#src/explain/explainer-pool.js";
import type { Observation } from "#src/explain/observation.js";
import { RealTimeExplainer } from "#src/explain/real-time-explainer.js";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Policy } from "#src/policy/policy.js";
import { CONTRAST_METHOD } from "#src/relevance/contract/contrast.js";
import { METHODS, methodNamed } from "#src/relevance/methods.js";
import { randoms } from "../evaluate.js";
import { opened } from "./opened.js";
import { jointObservation, jointPolicy, policy, reacherObservation, reacherPolicy } from "./policies.js";

const { open, create } = opened();

const [PIXELS, HIDDEN, TORQUES] = [6, 5, 3];
const JOINTS = ["hip", "knee", "ankle"];
const FIRST = randoms(PIXELS * HIDDEN, 1, -0.02, 0.02);
const OFFSETS = randoms(HIDDEN, 2, -0.5, 0.5);
const LAST = randoms(HIDDEN * TORQUES, 3, -1, 1);
const BIASES = randoms(TORQUES, 4, -0.5, 0.5);
const ALPHA = [0.4, 1.1, 1.5];
const EPSILON = 1e-6;

/** An image of 2 × 3 grey pixels, a hidden layer, three torques. */
function legPolicy(): Policy {
  const image = b.input("image", "float32", [1, 2, 3, 1]);
  const dense = (x: ReturnType<typeof b.input>, from: number, to: number, w: ArrayLike<number>, c: ArrayLike<number>) =>
    apply("Gemm", [x, b.tensor("float32", [from, to], w), b.tensor("float32", [to], c)]);
  const hidden = b.relu(dense(b.reshape(image, [1, PIXELS]), PIXELS, HIDDEN, FIRST, OFFSETS));
  const graph = {
    name: "leg",
    inputs: new Map([["image", image]]),
    outputs: new Map([["torque", dense(hidden, HIDDEN, TORQUES, LAST, BIASES)]]),
    metadata: new Map<string, string>(),
    opset: 18,
  };
  return policy(writeModel(graph), {
    torquelens_card: 1,
    name: "leg",
    control_period: 0.05,
    joints: JOINTS,
    torque: { output: "torque", limits: 1 },
    inputs: { image: { modality: "image", encoding: "mono8", layout: "NHWC", range: [0, 255] } },
  });
}

const GREY = Uint8Array.from([12, 200, 97, 33, 251, 140]);
const seen: Observation = {
  ...jointObservation(0, 0),
  images: { image: { width: 3, height: 2, encoding: "mono8", data: GREY, frameId: "camera" } },
  values: {},
  importance: Float64Array.from(ALPHA),
};

/** The ε rule of Bach et al. written out for this network: relevance of each pixel for each torque of size |τ|. */
function slowRelevance(): { torque: number[]; relevance: number[][] } {
  const stabilised = (z: number) => z + (z < 0 ? -EPSILON : EPSILON);
  const before = [...OFFSETS].map((offset, h) => GREY.reduce((sum, x, i) => sum + x * FIRST[i * HIDDEN + h]!, offset));
  const hidden = before.map((z) => Math.max(0, z));
  const torque = [...BIASES].map((bias, j) => hidden.reduce((sum, x, h) => sum + x * LAST[h * TORQUES + j]!, bias));
  const relevance = torque.map((tau, j) => {
    const ofHidden = hidden.map((x, h) => ((x * LAST[h * TORQUES + j]!) / stabilised(tau)) * Math.abs(tau));
    return [...GREY].map((x, i) =>
      ofHidden.reduce((sum, r, h) => sum + ((x * FIRST[i * HIDDEN + h]!) / stabilised(before[h]!)) * r, 0),
    );
  });
  return { torque, relevance };
}

describe("the contrast of a torque with the others", () => {
  it.each(JOINTS)("%s: α times its relevance less the mean of the others', as written out by hand", async (joint) => {
    const explainer = await create(legPolicy(), { method: "lrp-epsilon", contrast: joint });
    const found = await explainer.explain(seen);
    const { torque, relevance } = slowRelevance();
    const j = JOINTS.indexOf(joint);
    const others = JOINTS.flatMap((_, k) => (k === j ? [] : [k]));
    const expected = [...GREY.keys()].map(
      (i) =>
        ALPHA[j]! * relevance[j]![i]! -
        others.reduce((sum, k) => sum + ALPHA[k]! * relevance[k]![i]!, 0) / others.length,
    );
    const size = Math.max(...expected.map(Math.abs));
    found.heatmaps.image!.data.forEach((r, i) => {
      expect(Math.abs(r - expected[i]!)).toBeLessThan(1e-5 * size);
    });
    expect(expected.some((r) => r < 0) && expected.some((r) => r > 0)).toBe(true);
    expect([...found.torque].map((tau) => tau.toFixed(4))).toEqual(torque.map((tau) => tau.toFixed(4)));
    expect(found).toMatchObject({ contrast: joint, heatmapOf: undefined });
    const all = await (await create(legPolicy(), { method: "lrp-epsilon" })).explain(seen);
    for (const key of ["shares", "torqueShares", "ratios", "torqueRelevance"] as const)
      expect(found[key], key).toEqual(all[key]);
  });

  it("the contrasts of all torques add up to nothing", async () => {
    const explainer = await create(legPolicy(), { method: "gradient-x-input" });
    const sums = new Float64Array(PIXELS);
    for (const contrast of JOINTS)
      (await explainer.explain(seen, { contrast })).heatmaps.image!.data.forEach((r, i) => {
        sums[i]! += r;
      });
    for (const sum of sums) expect(Math.abs(sum)).toBeLessThan(1e-4);
  });

  it("is conserved where the method conserves but for ε, and says that others are not", async () => {
    const kept = await create(legPolicy(), { method: "lrp-epsilon:bias=ignore", contrast: "knee" });
    const found = await kept.explain(seen);
    const weighted = [...found.torque].map((tau, j) => ALPHA[j]! * Math.abs(tau) * (j === 1 ? 1 : -0.5));
    const asked = weighted.reduce((sum, x) => sum + x, 0);
    const sum = found.heatmaps.image!.data.reduce((total, r) => total + r, 0);
    expect(Math.abs(sum - asked)).toBeLessThan(1e-3 * Math.abs(asked));
    expect(found.conservationResidual).toBeLessThan(1e-3);
    const lossy = await (await create(legPolicy(), { contrast: "knee" })).explain(seen);
    expect(lossy.conservationResidual).toBeGreaterThan(1e-3);
    expect(methodNamed(CONTRAST_METHOD).conserves).toBe(false);
    expect(lossy.flags).toEqual([]);
  });

  it("has its own default method, lasts for all ticks unless one asks for something else", async () => {
    const explainer = await create(reacherPolicy(), { contrast: "elbow" });
    expect(explainer.method.spec).toBe(CONTRAST_METHOD);
    const about = async (options?: TickOptions) => {
      const { contrast, heatmapOf } = await explainer.explain(reacherObservation(), options);
      return [contrast, heatmapOf];
    };
    expect(await about()).toEqual(["elbow", undefined]);
    expect(await about({ contrast: "shoulder" })).toEqual(["shoulder", undefined]);
    expect(await about({ heatmapOf: "shoulder" })).toEqual([undefined, "shoulder"]);
    expect(await about({ level: "shares" })).toEqual([undefined, undefined]);
    await expect(explainer.setMethod("dtd")).rejects.toThrow(/^contrast of elbow: method dtd does not tell/);
    expect(explainer.method.spec).toBe(CONTRAST_METHOD);
    const pool = await ExplainerPool.create(reacherPolicy(), {
      jobs: 2,
      contrast: "elbow",
      levels: ["full", "shares"],
      worker: false,
    });
    open.push(pool);
    const [one, two] = await Promise.all([pool.explain(reacherObservation(1)), pool.explain(reacherObservation(1))]);
    expect([one.contrast, one.heatmaps]).toEqual(["elbow", two.heatmaps]);
  });
});

describe("refuses in one line", () => {
  const refused = (options: ExplainerOptions, of = reacherPolicy()) => expect(create(of, options)).rejects;

  it("an unknown joint, a policy of one torque, and two questions at once", async () => {
    await refused({ contrast: "wrist" }).toThrow(
      new InputError("contrast of joint wrist: expected one of shoulder, elbow"),
    );
    await refused(
      { contrast: "hinge" },
      jointPolicy((state) => b.slice(state, 1, 0, 1)),
    ).toThrow(new InputError("contrast of joint hinge: the policy has no other output to compare it with"));
    await refused({ contrast: "elbow", heatmapOf: "shoulder" }).toThrow(
      new InputError("heatmap of joint shoulder and contrast of joint elbow: expected one of the two"),
    );
  });

  it.each(["dtd", "rap", "excitation-backprop", "guided-backprop", "deconvnet", "grad-cam", "attention"])(
    "%s, which does not tell outputs apart",
    async (method) => {
      await refused({ contrast: "elbow", method }).toThrow(
        `contrast of elbow: method ${method} does not tell outputs apart; expected ${CONTRAST_METHOD}, or one of lrp-epsilon, `,
      );
    },
  );

  it("smoothgrad by its base", () => {
    expect(methodNamed("smoothgrad:base=dtd").contrasts).toBe(false);
    expect(methodNamed("smoothgrad:base=lrp-gamma").contrasts).toBe(true);
    expect(METHODS.filter(({ contrasts }) => contrasts !== true).length).toBe(12);
  });
});

describe("a contrast that changes while it runs", () => {
  async function realTime() {
    const explainer = await RealTimeExplainer.create(reacherPolicy(), { level: "full", threads: 1 });
    open.push(explainer);
    const now = async () => {
      const { method, contrast, heatmapOf } = await explainer.explain(reacherObservation());
      return { method, contrast, heatmapOf };
    };
    return { explainer, now };
  }

  it("comes with its method and goes before another, and a refused change changes nothing", async () => {
    const { explainer, now } = await realTime();
    await explainer.change({ heatmapOf: "elbow" });
    await expect(explainer.change({ contrast: "elbow" })).rejects.toThrow(/method dtd does not tell outputs apart/);
    expect(await now()).toEqual({ method: "dtd", contrast: undefined, heatmapOf: "elbow" });
    await explainer.change({ contrast: "elbow" }, "gradient-x-input");
    expect(await now()).toEqual({ method: "gradient-x-input", contrast: "elbow", heatmapOf: undefined });
    await expect(explainer.setMethod("dtd")).rejects.toThrow(/does not tell outputs apart/);
    await expect(explainer.change({ contrast: "wrist" })).rejects.toThrow(/expected one of shoulder, elbow/);
    expect(explainer.subject).toEqual({ contrast: "elbow" });
    const changing = explainer.change({}, "dtd");
    expect((await now()).contrast).toBeUndefined();
    await changing;
    expect(await now()).toEqual({ method: "dtd", contrast: undefined, heatmapOf: undefined });
  });
});
