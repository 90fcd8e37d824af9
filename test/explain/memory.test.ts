import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { Explainer, type TickOptions } from "#src/explain/explainer.js";
import { feedsOf } from "#src/explain/feeds.js";
import { Memory } from "#src/explain/memory.js";
import type { Observation } from "#src/explain/observation.js";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Value } from "#src/graph/value.js";
import type { Image } from "#src/image/image.js";
import { parseCard } from "#src/policy/card.js";
import { type Policy, policyOf } from "#src/policy/policy.js";
import { relativeError } from "../evaluate.js";

function policyWith(inputs: readonly Value[], outputs: Record<string, Value>, card: object): Policy {
  const bytes = writeModel({
    name: "test",
    inputs: new Map(inputs.map((value) => [value.name!, value])),
    outputs: new Map(Object.entries(outputs)),
    metadata: new Map(),
    opset: 18,
  });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const whole = {
    torquelens_card: 1,
    name: "test",
    control_period: 1000,
    joints: ["hinge"],
    torque: { output: "torque", limits: 1 },
    ...card,
  };
  const model = { path: "test.onnx", bytes, sha256, graph: readModel(bytes, "test.onnx") };
  return policyOf(model, { card: parseCard(JSON.stringify(whole), "card"), source: "card", folder: "." });
}

const seen = (changes: Partial<Observation>): Observation => ({
  tick: 0,
  stamp: 0n,
  images: {},
  values: {},
  joints: { names: [], position: new Float64Array(0), velocity: new Float64Array(0) },
  importance: Float64Array.of(1),
  flags: [],
  transforms: [],
  ...changes,
});

const explaining = (policy: Policy) => Explainer.create(policy, { worker: false, threads: 1 });

describe("memory that a policy carries", () => {
  // next = h / 2 + x, torque = next.
  const [x, h] = [b.input("x", "float32", [1, 1]), b.input("h", "float32", [1, 1])];
  const next = b.add(b.mul(h, 0.5), x);
  const policy = policyWith(
    [x, h],
    { torque: b.mul(next, 1), next },
    {
      inputs: {
        x: [{ modality: "joint_position", start: 0, size: 1 }],
        h: [{ modality: "memory", start: 0, size: 1 }],
      },
      state: { h: "next" },
    },
  );
  const at = (position: number, first = false) =>
    seen({ first, values: { joint_position: Float64Array.of(position) } });

  it("is carried from tick to tick, starts with zeros, and has a share", async () => {
    const explainer = await explaining(policy);
    const found = [];
    for (const observation of [at(4), at(1), at(0), at(1, true)]) found.push(await explainer.explain(observation));
    await explainer.close();
    expect(found.map(({ torque }) => torque[0])).toEqual([4, 3, 1.5, 1]);
    expect(found.map(({ relevance }) => relevance.memory![0])).toEqual([0, 2, 1.5, 0]);
    // The last share is that of constants: zeros of a memory that holds nothing yet.
    expect(Array.from(found[1]!.shares, (share) => +share.toFixed(4))).toEqual([0.3333, 0.6667, 0]);
  });

  it("is not changed by an observation that is rejected", async () => {
    const explainer = await explaining(policy);
    await explainer.explain(at(4));
    await expect(explainer.explain(at(Number.NaN))).rejects.toThrow("joint_position: element hinge is NaN");
    await expect(explainer.explain(at(3e38))).resolves.toBeDefined();
    await expect(explainer.explain(at(3e38))).rejects.toThrow(/is Infinity/);
    expect((await explainer.explain(at(0))).torque[0]).toBeCloseTo(1.5e38, -32);
    await expect(explainer.explain(at(Number.NaN, true))).rejects.toThrow("joint_position: element hinge is NaN");
    expect((await explainer.explain(at(1))).torque[0]).toBe(1);
    await explainer.close();
  });

  it("is kept at every level and through a change of method", async () => {
    const explainer = await Explainer.create(policy, { worker: false, threads: 1, levels: ["full", "shares", "skip"] });
    const torques: number[] = [];
    const take = async (position: number, options: TickOptions) =>
      torques.push((await explainer.explain(at(position), options)).torque[0]!);
    await take(4, { level: "full" });
    await take(1, { level: "skip" });
    await take(0, { level: "full", onTorque: () => {} });
    await take(1, { level: "shares" });
    await explainer.setMethod("gradient-x-input");
    await take(0, { level: "full", heatmapOf: "hinge" });
    await explainer.close();
    expect(torques).toEqual([4, 3, 1.5, 1.75, 0.875]);
  });

  it("starts empty in every explainer, without the warm-up", async () => {
    for (const worker of [true, false]) {
      const explainer = await Explainer.create(policy, { worker, threads: 1 });
      expect((await explainer.explain(at(4))).torque[0]).toBe(4);
      expect((await explainer.explain(at(0))).torque[0]).toBe(2);
      await explainer.close();
    }
  });
});

describe("windows in time", () => {
  const image = (byte: number): Image => ({
    width: 2,
    height: 1,
    encoding: "mono8",
    frameId: "",
    data: Uint8Array.of(byte, byte + 1),
  });
  const camera = { modality: "image", encoding: "mono8", layout: "NCHW", range: [0, 255] };
  const torqueOf = (value: Value) => b.reshape(b.mean(b.cast(value, "float32")), [1, 1]);

  it.each([
    ["NTCHW", [1, 3, 1, 1, 2], {}, [10, 11, 20, 21, 30, 31]],
    ["NTHWC", [1, 3, 1, 2, 1], {}, [10, 11, 20, 21, 30, 31]],
    ["NCHW", [1, 3, 1, 2], { frames: 3 }, [10, 11, 20, 21, 30, 31]],
    ["NHWC", [1, 1, 2, 3], { frames: 3 }, [10, 20, 30, 11, 21, 31]],
  ])("of images: %s %s", (layout, shape, more, expected) => {
    const x = b.input("image", "uint8", shape);
    const policy = policyWith([x], { torque: torqueOf(x) }, { inputs: { image: { ...camera, layout, ...more } } });
    const memory = new Memory(policy);
    const feed = (byte: number, first = false) => {
      const observation = seen({ first, images: { image: image(byte) } });
      const feeds = memory.add(observation, (window) => feedsOf(policy, observation, window));
      return Array.from(feeds.image!.data as Uint8Array);
    };
    const repeated = layout === "NHWC" ? [5, 5, 5, 6, 6, 6] : [5, 6, 5, 6, 5, 6];
    expect(feed(5)).toEqual(repeated);
    feed(10);
    feed(20);
    expect(feed(30)).toEqual(expected);
    expect(feed(5, true)).toEqual(repeated);
  });

  it("of states: an element's relevance is summed over time", async () => {
    const x = b.input("state", "float32", [1, 2, 2]);
    const weights = b.tensor("float32", [4, 1], [1, 0, 2, 3]);
    const policy = policyWith(
      [x],
      { torque: b.matmul(b.reshape(x, [1, 4]), weights) },
      {
        joints: ["hinge"],
        inputs: {
          state: [0, 2].flatMap((start) => [
            { modality: "joint_position", start, size: 1 },
            { modality: "joint_velocity", start: start + 1, size: 1 },
          ]),
        },
      },
    );
    const explainer = await explaining(policy);
    const at = (position: number, velocity: number) =>
      seen({ values: { joint_position: Float64Array.of(position), joint_velocity: Float64Array.of(velocity) } });
    await explainer.explain(at(1, 5));
    const { torque, relevance, modalities, torqueRelevance } = await explainer.explain(at(2, 4));
    await explainer.close();
    expect(modalities).toEqual(["joint_position", "joint_velocity"]);
    expect(torque[0]).toBe(1 + 4 + 12);
    expect([relevance.joint_position![0], relevance.joint_velocity![0]]).toEqual([5, 12]);
    expect(torqueRelevance.joint_position).toEqual(Float32Array.of(5));
  });

  it("a heatmap is summed over time", async () => {
    const x = b.input("image", "float32", [1, 2, 1, 2, 2]);
    const maps = b.conv(b.reshape(x, [2, 1, 2, 2]), b.tensor("float32", [1, 1, 2, 2], [1, 2, 3, 4]));
    const policy = policyWith(
      [x],
      { torque: b.reshape(b.mean(maps), [1, 1]) },
      { inputs: { image: { ...camera, layout: "NTCHW", range: [0, 1] } } },
    );
    const explainer = await explaining(policy);
    const frame = (data: number[]) =>
      seen({ images: { image: { width: 2, height: 2, encoding: "mono8", frameId: "", data: Uint8Array.from(data) } } });
    await explainer.explain(frame([255, 0, 0, 0]));
    const { heatmaps, torque } = await explainer.explain(frame([0, 0, 0, 255]));
    await explainer.close();
    expect(torque[0]).toBe(2.5);
    expect(relativeError(heatmaps.image!.data, [0.5, 0, 0, 2])).toBeLessThan(1e-5);
  });
});

describe("integers", () => {
  const ids = b.input("tokens", "int64", [1, 2]);
  const rows = apply("Gather", [b.tensor("float32", [3, 1], [1, 2, 5]), ids]);
  const policy = policyWith(
    [ids],
    { torque: b.matmul(b.reshape(rows, [1, 2]), b.tensor("float32", [2, 1], [1, 2])) },
    { inputs: { tokens: [{ modality: "language", start: 0, size: 2 }] } },
  );
  const says = (...tokens: number[]) => seen({ values: { language: Float64Array.from(tokens) } });

  it("are tokens: each has the relevance of its embedding row", async () => {
    const explainer = await explaining(policy);
    const { torque, relevance } = await explainer.explain(says(1, 2));
    await explainer.close();
    expect(torque[0]).toBe(12);
    expect(relevance.language).toEqual(Float32Array.of(2, 10));
  });

  it("are whole numbers", () => {
    expect(() => feedsOf(policy, says(1, 0.5))).toThrow(
      new InputError("language: element 1 is 0.5, expected a whole number"),
    );
  });
});

describe("action chunks", () => {
  it("have their torque at one step, explained through a squash", async () => {
    const x = b.input("state", "float32", [1, 2]);
    const chunk = b.reshape(b.matmul(x, b.tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6])), [1, 3, 1]);
    const policy = policyWith(
      [x],
      { actions: b.mul(b.tanh(b.mul(chunk, 0.1)), 2) },
      {
        torque: { output: "actions", step: 1, limits: 2 },
        inputs: {
          state: [
            { modality: "joint_position", start: 0, size: 1 },
            { modality: "joint_velocity", start: 1, size: 1 },
          ],
        },
      },
    );
    const explainer = await explaining(policy);
    const values = { joint_position: Float64Array.of(1), joint_velocity: Float64Array.of(2) };
    const { torque, shares } = await explainer.explain(seen({ values }));
    await explainer.close();
    expect(torque[0]).toBeCloseTo(2 * Math.tanh(1.2), 5);
    expect(Array.from(shares, (share) => +share.toFixed(4))).toEqual([0.1667, 0.8333]);
  });
});

describe("normalisation outside the model", () => {
  const [mean, std] = [
    [0.5, -1],
    [2, 0.25],
  ];
  const x = b.input("state", "float32", [1, 2]);
  const head = b.tensor("float32", [2, 1], [3, -1]);
  const state = [
    { modality: "joint_position", start: 0, size: 1 },
    { modality: "joint_velocity", start: 1, size: 1 },
  ];
  const values = { joint_position: Float64Array.of(1.5), joint_velocity: Float64Array.of(-0.5) };

  it("is part of the policy: inputs are physical, relevance as if the model had it", async () => {
    const outside = policyWith(
      [x],
      { torque: b.matmul(x, head) },
      {
        torque: { output: "torque", limits: 9, mean: [0.25], std: [2] },
        inputs: { state: state.map((slice, i) => ({ ...slice, mean: [mean[i]], std: [std[i]] })) },
      },
    );
    const normalised = b.div(b.sub(x, b.tensor("float32", [1, 2], mean!)), b.tensor("float32", [1, 2], std!));
    const inside = policyWith(
      [x],
      { torque: b.add(b.mul(b.matmul(normalised, head), 2), 0.25) },
      { inputs: { state } },
    );
    const found = [];
    for (const policy of [outside, inside]) {
      const explainer = await explaining(policy);
      found.push(await explainer.explain(seen({ values })));
      await explainer.close();
    }
    // 2·(3·0.5 − 1·2) + 0.25
    expect(found[0]!.torque[0]).toBeCloseTo(-0.75, 5);
    expect(found[0]!.torque).toEqual(found[1]!.torque);
    expect(found[0]!.relevance).toEqual(found[1]!.relevance);
    expect(found[0]!.conservationResidual).toBeLessThan(1e-5);
  });

  it("of an image, a channel each, its range in physical units", async () => {
    const picture = b.input("image", "float32", [1, 3, 2, 2]);
    const maps = b.conv(
      picture,
      b.tensor(
        "float32",
        [1, 3, 2, 2],
        [...Array(12).keys()].map((i) => i - 3),
      ),
    );
    const camera = { modality: "image", encoding: "rgb8", layout: "NCHW", range: [0, 1] };
    const normalisation = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] };
    const torque = b.reshape(maps, [1, 1]);
    const outside = policyWith([picture], { torque }, { inputs: { image: { ...camera, ...normalisation } } });
    const channel = (numbers: number[]) => b.tensor("float32", [1, 3, 1, 1], numbers);
    const seenInside = b.div(b.sub(picture, channel(normalisation.mean)), channel(normalisation.std));
    const kernel = b.tensor(
      "float32",
      [1, 3, 2, 2],
      [...Array(12).keys()].map((i) => i - 3),
    );
    const inside = policyWith(
      [picture],
      { torque: b.reshape(b.conv(seenInside, kernel), [1, 1]) },
      { inputs: { image: camera } },
    );
    const data = Uint8Array.from({ length: 12 }, (_, i) => (i * 37) % 256);
    const observation = seen({ images: { image: { width: 2, height: 2, encoding: "rgb8", frameId: "", data } } });
    const found = [];
    for (const policy of [outside, inside]) {
      const explainer = await explaining(policy);
      found.push(await explainer.explain(observation));
      await explainer.close();
    }
    expect(found[0]!.torque).toEqual(found[1]!.torque);
    expect(found[0]!.heatmaps).toEqual(found[1]!.heatmaps);
    expect(found[0]!.conservationResidual).toBeLessThan(1e-5);
  });
});
