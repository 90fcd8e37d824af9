import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Observation } from "#src/explain/observation.js";
import * as b from "#src/graph/build.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { parseCard } from "#src/policy/card.js";
import { type Policy, policyOf } from "#src/policy/policy.js";
import { cascade, compareTorques } from "#src/reproduction/kim-choi/sanity.js";
import { random } from "#src/sim/random.js";
import { randoms } from "../../evaluate.js";

const SIDE = 8;
const PIXELS = SIDE * SIDE;

/** One dense layer on the pixels: with gradient × input, pixel i of torque j has relevance x_i w_ij but for a sign. */
function linearPolicy(columns: readonly ArrayLike<number>[]): Policy {
  const image = b.input("image", "float32", [1, 1, SIDE, SIDE]);
  const rows = Array.from({ length: PIXELS }, (_, i) => columns.map((column) => column[i]!)).flat();
  const weight = b.constant(b.tensor("float32", [PIXELS, columns.length], rows).literal!, "weight");
  const bytes = writeModel({
    name: "linear",
    inputs: new Map([["image", image]]),
    outputs: new Map([["torque", b.matmul(b.reshape(image, [1, PIXELS]), weight)]]),
    metadata: new Map(),
    opset: 18,
  });
  const card = parseCard(
    JSON.stringify({
      torquelens_card: 1,
      name: "linear",
      control_period: 0.05,
      joints: columns.map((_, j) => `joint_${j}`),
      torque: { output: "torque", limits: 1 },
      inputs: { image: { modality: "image", encoding: "mono8", layout: "NCHW", range: [0, 1] } },
    }),
    "card",
  );
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const model = { path: "linear.onnx", bytes, sha256, graph: readModel(bytes, "linear.onnx") };
  return policyOf(model, { card, source: "card", folder: "." });
}

/** A white picture: x_i = 1. */
const white = (torques: number): Observation => ({
  tick: 0,
  stamp: 0n,
  images: {
    image: { width: SIDE, height: SIDE, encoding: "mono8", data: new Uint8Array(PIXELS).fill(255), frameId: "" },
  },
  values: {},
  joints: { names: [], position: new Float64Array(0), velocity: new Float64Array(0) },
  importance: new Float64Array(torques).fill(1),
  flags: [],
  transforms: [],
});

const half = (side: "left" | "right") =>
  Float64Array.from({ length: PIXELS }, (_, i) => Number(i % SIDE < SIDE / 2 === (side === "left")));
const asked = (columns: readonly ArrayLike<number>[]) => ({
  policy: linearPolicy(columns),
  method: "gradient-x-input",
  observations: [white(columns.length)],
});

describe("heatmaps of different torques", () => {
  it("are orthogonal if torques look at different halves", async () => {
    const { cosine, pairs } = await compareTorques(asked([half("left"), half("right")]));
    expect(cosine).toBeCloseTo(0, 6);
    expect(pairs).toBe(1);
  });

  it("are the same if torques look at the same pixels", async () => {
    const { cosine, spearman, ssim } = await compareTorques(asked([half("left"), half("left").map((w) => 3 * w)]));
    for (const alike of [cosine, spearman, ssim]) expect(alike).toBeCloseTo(1, 5);
  });

  it("have the cosine of their weights, pair by pair", async () => {
    // Left half and all: 32 / √(32 · 64). Left and right: 0.
    const all = new Float64Array(PIXELS).fill(1);
    const found = await compareTorques(asked([half("left"), half("right"), all]));
    expect(found.pairs).toBe(3);
    expect(found.cosine).toBeCloseTo((0 + 2 * Math.SQRT1_2) / 3, 5);
    expect(found.leastCosine).toBeCloseTo(0, 6);
  });
});

describe("randomised layers", () => {
  it("give the rank correlation of old and new weights if the weights are the heatmap", async () => {
    const weights = randoms(PIXELS, 4, 0.5, 1.5);
    const [step, ...more] = await cascade(asked([weights]), 7);
    expect(more).toEqual([]);
    expect(step!.layer).toBe("weight");

    const { normal } = random(7);
    const mean = weights.reduce((sum, w) => sum + w, 0) / PIXELS;
    const std = Math.sqrt(weights.reduce((sum, w) => sum + (w - mean) ** 2, 0) / PIXELS);
    const drawn = Array.from(weights, () => Math.abs(mean + std * normal()));
    const rank = (values: readonly number[]) => values.map((x) => values.filter((y) => y < x).length);
    const [x, y] = [rank(Array.from(weights)), rank(drawn)];
    const squares = x.reduce((sum, r, i) => sum + (r - y[i]!) ** 2, 0);
    expect(step!.spearman).toBeCloseTo(1 - (6 * squares) / (PIXELS * (PIXELS ** 2 - 1)), 4);
    expect(Math.abs(step!.spearman)).toBeLessThan(0.4);
  });
});
