import { describe, expect, it } from "vitest";
import { explanationText } from "#src/cli/output/explanation-json.js";
import type { Explanation } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Value } from "#src/graph/value.js";
import type { Policy } from "#src/policy/policy.js";
import { randoms } from "../evaluate.js";
import { eq1, zBox } from "../relevance/dense-oracle.js";
import { opened } from "./opened.js";
import { jointObservation, policy } from "./policies.js";

const { create } = opened();

const [PIXELS, HIDDEN] = [6, 7];
const NAMES = ["left", "right", "forward"];
const FIRST = randoms(PIXELS * HIDDEN, 1, -0.02, 0.02);
const OFFSETS = randoms(HIDDEN, 2, -0.5, 0.5);
const LAST = randoms(HIDDEN * NAMES.length, 3, -1, 1);
const BIASES = randoms(NAMES.length, 4, -0.5, 0.5);

type Head = (hidden: Value) => Value;
const gemm = (x: Value, from: number, to: number, w: ArrayLike<number>, c: ArrayLike<number>) =>
  apply("Gemm", [x, b.tensor("float32", [from, to], w), b.tensor("float32", [to], c)]);
const plain: Head = (hidden) => gemm(hidden, HIDDEN, NAMES.length, LAST, BIASES);
/** The same logits behind those of another head. */
const second: Head = (hidden) => {
  const weights = Array.from({ length: HIDDEN }, (_, h) => [0.3, -0.2, ...LAST.slice(3 * h, 3 * h + 3)]);
  return gemm(hidden, HIDDEN, 5, weights.flat(), [0.1, 0.2, ...BIASES]);
};
/** A value of the state beside the actions' advantages. */
const duelling: Head = (hidden) =>
  b.add(plain(hidden), gemm(hidden, HIDDEN, 1, new Float64Array(HIDDEN).fill(0.2), [0]));

/** An image of 2 × 3 grey pixels, a hidden layer, three actions. */
function choosing(head: Head = plain, start?: number): Policy {
  const image = b.input("image", "float32", [1, 2, 3, 1]);
  const hidden = b.relu(gemm(b.reshape(image, [1, PIXELS]), PIXELS, HIDDEN, FIRST, OFFSETS));
  const graph = {
    name: "choosing",
    inputs: new Map([["image", image]]),
    outputs: new Map([["logits", head(hidden)]]),
    metadata: new Map<string, string>(),
    opset: 18,
  };
  return policy(writeModel(graph), {
    torquelens_card: 1,
    name: "choosing",
    control_period: 0.05,
    actions: { output: "logits", names: NAMES, values: "logits", ...(start !== undefined && { start }) },
    inputs: { image: { modality: "image", encoding: "mono8", layout: "NHWC", range: [0, 255] } },
  });
}

const seenAs = (grey: readonly number[]): Observation => ({
  ...jointObservation(0, 0),
  images: { image: { width: 3, height: 2, encoding: "mono8", data: Uint8Array.from(grey), frameId: "camera" } },
  values: {},
  importance: new Float64Array(0),
});
const GREYS = [
  [12, 200, 97, 33, 251, 140],
  [240, 3, 120, 200, 18, 60],
  [90, 90, 200, 10, 160, 30],
];

/** Deep Taylor decomposition of Σ c_k z_k, as one output of the network with the weights Σ c_k w_k. */
function slowContrast(grey: readonly number[], c: readonly number[]) {
  const x = Float64Array.from(grey);
  const rows = Array.from({ length: HIDDEN }, (_, h) =>
    Float64Array.from({ length: PIXELS }, (__, i) => FIRST[i * HIDDEN + h]!),
  );
  const hidden = Float64Array.from(rows, (row, h) =>
    Math.max(
      0,
      row.reduce((sum, w, i) => sum + w * x[i]!, OFFSETS[h]!),
    ),
  );
  const row = Float64Array.from({ length: HIDDEN }, (_, h) =>
    c.reduce((sum, weight, k) => sum + weight * LAST[h * NAMES.length + k]!, 0),
  );
  const bias = c.reduce((sum, weight, k) => sum + weight * BIASES[k]!, 0);
  const d = hidden.reduce((sum, a, h) => sum + a * row[h]!, bias);
  // The oracle gives the size; of actions relevance has the sign of the value.
  const relevance = eq1({ m: [row], b: [bias], x: hidden, r: [d] }).map((r) => r * Math.sign(d));
  const low = new Float64Array(PIXELS);
  const high = new Float64Array(PIXELS).fill(255);
  return { d, map: zBox({ m: rows, b: OFFSETS, x, r: relevance }, low, high) };
}

const mapOf = ({ heatmaps }: Explanation) => Array.from(heatmaps.image!.data);
const total = (map: readonly number[]) => map.reduce((sum, r) => sum + r, 0);

function expectSame(found: readonly number[], expected: ArrayLike<number>) {
  const size = Math.max(...Array.from(expected, Math.abs));
  expect(size).toBeGreaterThan(0);
  found.forEach((r, i) => {
    expect(Math.abs(r - expected[i]!)).toBeLessThan(1e-5 * size);
  });
}

describe("the difference of two logits, by dtd", () => {
  const pairs = NAMES.flatMap((contrast) =>
    NAMES.flatMap((against) => (contrast === against ? [] : [[contrast, against]])),
  );

  it.each(pairs)("%s rather than %s is one neuron, written out by hand", async (contrast, against) => {
    const explainer = await create(choosing(), { method: "dtd", contrast, against });
    const c = NAMES.map((name) => Number(name === contrast) - Number(name === against));
    for (const grey of GREYS) {
      const found = await explainer.explain(seenAs(grey));
      const { d, map } = slowContrast(grey, c);
      const [z, other] = [contrast, against].map((name) => found.torque[NAMES.indexOf(name!)]!);
      expect(z! - other!).toBeCloseTo(d, 4);
      expectSame(mapOf(found), map);
      expect(found.conservationResidual).toBeLessThan(1e-4);
    }
  });

  it("one action rather than all others is their mean", async () => {
    const explainer = await create(choosing(), { method: "dtd", contrast: "forward" });
    for (const grey of GREYS)
      expectSame(mapOf(await explainer.explain(seenAs(grey))), slowContrast(grey, [-0.5, -0.5, 1]).map);
  });

  it.each(["dtd", "rap", "excitation-backprop", "dtd:first=flat"])("%s adds up to the difference", async (method) => {
    const explainer = await create(choosing(), { method });
    for (const grey of GREYS)
      for (const [contrast, against] of pairs) {
        const found = await explainer.explain(seenAs(grey), { contrast, against });
        const [z, other] = [contrast, against].map((name) => found.torque[NAMES.indexOf(name!)]!);
        const d = z! - other!;
        expect(Math.abs(total(mapOf(found)) - d)).toBeLessThan(1e-4 * Math.abs(d));
        expect(found.flags.filter((flag) => flag !== "deadline_missed")).toEqual([]);
      }
  });

  it("is asked anew at each tick, and leaves shares and single actions alone", async () => {
    const explainer = await create(choosing(), { method: "dtd" });
    const seen = seenAs(GREYS[0]!);
    const before = await explainer.explain(seen);
    const [one, two] = [
      await explainer.explain(seen, { contrast: "left", against: "right" }),
      await explainer.explain(seen, { contrast: "right", against: "left" }),
    ];
    expectSame(
      mapOf(one),
      mapOf(two).map((r) => -r),
    );
    for (const key of ["shares", "torqueShares", "torque"] as const) expect(one[key], key).toEqual(before[key]);
    expect(mapOf(await explainer.explain(seen))).toEqual(mapOf(before));
  });

  it("finds the logits of a head among others", async () => {
    const asked = { method: "dtd", contrast: "left", against: "forward" };
    const [one, two] = [await create(choosing(), asked), await create(choosing(second, 2), asked)];
    for (const grey of GREYS)
      expectSame(mapOf(await two.explain(seenAs(grey))), mapOf(await one.explain(seenAs(grey))));
  });

  it("refuses logits that several layers make", async () => {
    await expect(create(choosing(duelling), { method: "dtd", contrast: "left" })).rejects.toThrow(
      /^contrast of left: method dtd explains the difference of logits that one dense layer makes, and this policy has none; expected lrp-gamma:soft-argmax=gradient, or one of lrp-epsilon, /,
    );
    await create(choosing(duelling), { contrast: "left" });
  });
});

it("says so where the policy takes the action that it is compared with", async () => {
  const explainer = await create(choosing(), { method: "dtd" });
  const seen = seenAs(GREYS[0]!);
  const { chosen } = (await explainer.explain(seen)).choice!;
  const found = await explainer.explain(seen, { against: chosen });
  expect(mapOf(found).every((r) => r === 0)).toBe(true);
  expect(explanationText(found)).toContain(
    `evidence for ${chosen} rather than itself (the policy takes it): the map is zero`,
  );
  const other = NAMES.find((name) => name !== chosen)!;
  const text = explanationText(await explainer.explain(seen, { against: other }));
  expect(text).toContain(`evidence for ${chosen} rather than ${other}\n`);
});
