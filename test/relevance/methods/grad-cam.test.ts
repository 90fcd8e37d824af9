import { describe, expect, it } from "vitest";
import { apply, applyNode } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { compile } from "#src/relevance/compile.js";
import { float32 } from "#src/runtime/session.js";
import { relativeError } from "../../evaluate.js";
import { configuration, DEPTHS, dense, explain, image, observation, subjectOf, total, weights } from "../subjects.js";

/** A policy whose torques are linear in the features of its last convolution: every gradient is a weight. */
const x = image("image", [1, 2, 7, 9]);
const q = configuration(3);
const W1 = weights([3, 2, 3, 3], 1);
const named = (op: string, inputs: readonly (typeof x)[], name: string, attributes = {}) =>
  applyNode(op, inputs, attributes, { name, outputNames: [`${name}.out`] }).outputs[0]!;
const features = named("Conv", [x, W1], "features", { strides: [2, 2] });
const READ = weights([36, 2], 3);
const ARM = weights([3, 2], 4);
const torque = b.add(b.matmul(b.reshape(features, [1, 36]), READ), b.matmul(q, ARM));
const subject = subjectOf([x, q], torque);
const feeds = observation([x, q], 8);
const ALPHA = [0.6, 1.4];
const [CHANNELS, ROWS, COLUMNS] = [3, 3, 4];

/** Element by element, in float64. */
function slowMap(A: ArrayLike<number>, seed: readonly number[]): number[] {
  const read = READ.literal!.numbers();
  const cells = ROWS * COLUMNS;
  const gradient = (i: number) => seed.reduce((sum, s, j) => sum + s * read[2 * i + j]!, 0);
  const means = Array.from(
    { length: CHANNELS },
    (_, c) => total(Array.from({ length: cells }, (__, i) => gradient(c * cells + i))) / cells,
  );
  return Array.from({ length: cells }, (_, i) => Math.max(0, total(means.map((m, c) => m * A[c * cells + i]!))));
}

/** PyTorch's interpolate(mode="bilinear", align_corners=False). */
function bilinear(map: readonly number[], height: number, width: number): number[] {
  const weightsOf = (i: number, to: number, from: number) => {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.floor(at);
    return [low, Math.min(low + 1, from - 1), at - low] as const;
  };
  return Array.from({ length: height * width }, (_, i) => {
    const [r0, r1, r] = weightsOf(Math.floor(i / width), height, ROWS);
    const [c0, c1, c] = weightsOf(i % width, width, COLUMNS);
    const at = (row: number, column: number) => map[row * COLUMNS + column]!;
    return (1 - r) * ((1 - c) * at(r0, c0) + c * at(r0, c1)) + r * ((1 - c) * at(r1, c0) + c * at(r1, c1));
  });
}

const run = async (method: string, depth: (typeof DEPTHS)[number] = "full", alpha: readonly number[] = ALPHA) =>
  (await explain({ ...subject, graph: withFeatures }, feeds, { method, depth, importances: [alpha] }))[0]!;
const withFeatures = {
  ...subject.graph,
  outputs: new Map([...subject.graph.outputs, ["features", features] as const]),
};

describe("grad-cam", () => {
  it.each(DEPTHS)("equals its formula, share included, at depth %s", async (depth) => {
    const out = await run("grad-cam", depth);
    const signs = Array.from(out.torque!, Math.sign);
    const map = slowMap(
      out.features!,
      ALPHA.map((a, j) => a * signs[j]!),
    );
    expect(Math.max(...map)).toBeGreaterThan(0);
    if (out["torquelens.heatmap.image"])
      expect(relativeError(out["torquelens.heatmap.image"], bilinear(map, 7, 9))).toBeLessThan(1e-5);
    const arm = ARM.literal!.numbers();
    const values = Array.from(feeds.configuration!.data as Float32Array);
    const share = (row: readonly number[], seed: readonly number[]) => {
      const own = total(values.map((v, i) => Math.abs(v * total(seed.map((s, j) => s * arm[2 * i + j]!)))));
      return total(row) / (total(row) + own);
    };
    const weighted = ALPHA.map((a, j) => a * signs[j]!);
    expect(out["torquelens.shares"]![0]).toBeCloseTo(share(map, weighted), 5);
    for (const j of [0, 1]) {
      const seed = [0, 1].map((k) => (k === j ? signs[j]! : 0));
      const own = slowMap(out.features!, seed);
      expect(out["torquelens.torque_shares"]![2 * j]).toBeCloseTo(share(own, seed), 5);
      if (depth !== "per-torque") continue;
      const rows = out["torquelens.torque_heatmap.image"]!.slice(63 * j, 63 * j + 63);
      expect(relativeError(rows, bilinear(own, 7, 9))).toBeLessThan(1e-5);
    }
  });

  it("takes a layer by the name of its node or its output", async () => {
    const whole = await run("grad-cam");
    for (const name of ["features", "features.out"]) expect(await run(`grad-cam:layer=${name}`)).toEqual(whole);
  });

  it("has a map for each camera", async () => {
    const cameras = ["left", "right"].map((name) => image(name, [1, 2, 6, 6]));
    const maps = cameras.map((camera, i) => apply("Flatten", [b.relu(b.conv(camera, weights([3, 2, 3, 3], 5 + i)))]));
    const two = subjectOf(cameras, dense(b.concat(maps, 1), 2, 9));
    const [out] = await explain(two, observation(cameras), { method: "grad-cam" });
    expect(out!["torquelens.heatmap.left"]).not.toEqual(out!["torquelens.heatmap.right"]);
    expect(total(out!["torquelens.shares"]!)).toBeCloseTo(1, 5);
  });

  it("is finite and zero where nothing speaks for the torques", async () => {
    const dark = { image: float32(new Float32Array(126), x.shape), configuration: float32([0, 0, 0], [1, 3]) };
    const [out] = await explain(subject, dark, { method: "grad-cam" });
    for (const [name, values] of Object.entries(out!)) expect(values.every(Number.isFinite), name).toBe(true);
    expect(total(out!["torquelens.heatmap.image"]!)).toBe(0);
  });
});

describe("grad-cam of a convolution with a normalisation after it", () => {
  it("takes the output of the normalisation", async () => {
    const normalised = named("InstanceNormalization", [features, weights([3], 5), weights([3], 6)], "normalised");
    const policy = subjectOf([x, q], b.add(b.matmul(b.reshape(b.relu(normalised), [1, 36]), READ), b.matmul(q, ARM)));
    const [found] = await explain(policy, feeds, { method: "grad-cam" });
    const [expected] = await explain(policy, feeds, { method: "grad-cam:layer=normalised" });
    expect(found).toEqual(expected);
    expect(total(found!["torquelens.heatmap.image"]!)).toBeGreaterThan(0);
  });
});

describe("grad-cam before a soft-argmax", () => {
  const early = named("Conv", [x, weights([3, 2, 3, 3], 5)], "early", { strides: [2, 2] });
  const policy = (maps: typeof x) => {
    const p = b.softmax(b.mul(b.reshape(maps, [3, 12]), 2));
    const points = b.reshape(b.matmul(p, weights([12, 2], 7)), [1, 6]);
    return subjectOf([x, q], dense(b.concat([points, q], 1), 2, 9));
  };
  const late = named("Conv", [b.relu(early), weights([3, 3, 1, 1], 6)], "late");

  it("takes the convolution before the maps themselves, whose mean gradient is zero", async () => {
    const [out] = await explain(policy(late), feeds, { method: "grad-cam" });
    const [asked] = await explain(policy(late), feeds, { method: "grad-cam:layer=early" });
    expect(out!["torquelens.heatmap.image"]).toEqual(asked!["torquelens.heatmap.image"]);
    expect(Math.max(...out!["torquelens.heatmap.image"]!)).toBeGreaterThan(1e-4);
    const [rectified] = await explain(policy(b.relu(late)), feeds, { method: "grad-cam" });
    const [last] = await explain(policy(b.relu(late)), feeds, { method: "grad-cam:layer=late" });
    expect(rectified!["torquelens.heatmap.image"]).toEqual(last!["torquelens.heatmap.image"]);
  });

  it("refuses those maps by name", () => {
    const refused = /^grad-cam layer "late": its mean gradient is zero by construction/;
    expect(() => compile(policy(late), { method: "grad-cam:layer=late" })).toThrow(refused);
  });
});

describe("grad-cam refuses in one line, with the methods that work,", () => {
  const works = /; methods that work here: .*\bdtd\b.*gradient-x-input/;
  const flat = subjectOf([x, q], dense(b.concat([apply("Flatten", [x]), q], 1), 2, 3));
  const arm = subjectOf([q], dense(q, 2, 3));

  it.each([
    [
      "an image without convolution",
      flat,
      "grad-cam",
      /^method grad-cam: found no convolution that depends on image alone/,
    ],
    ["a policy without image", arm, "grad-cam", /^method grad-cam: the policy has no image/],
    ["an unknown layer", subject, "grad-cam:layer=conv9", /^grad-cam layer "conv9": found no node and no output/],
    ["a layer without maps", subject, "grad-cam:layer=configuration", /^grad-cam layer "configuration": it is \[1,3\]/],
  ])("%s", (_, refused, method, message) => {
    const error = () => compile(refused, { method });
    expect(error).toThrow(message);
    expect(error).toThrow(works);
    expect(error).not.toThrow(/\n|works?.*grad-cam/);
  });
});
