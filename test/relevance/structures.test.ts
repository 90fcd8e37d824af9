import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import type { Subject } from "#src/relevance/contract/subject.js";
import { float32 } from "#src/runtime/session.js";
import { relativeError } from "../evaluate.js";
import {
  configuration,
  DEPTHS,
  dense,
  explain,
  type Feeds,
  image,
  modalityOf,
  type Outputs,
  observation,
  subjectOf,
  total,
  weights,
} from "./subjects.js";

/** Networks whose parts join in ways that a rule may overlook. */

const conv = (x: Value, out: number, seed: number, pad = 0) =>
  b.conv(x, weights([out, x.shape[1]!, 3, 3], seed), { pads: [pad, pad, pad, pad] });
const flat = (x: Value) => apply("Flatten", [x]);

async function atEveryDepth(subject: Subject, feeds: Feeds): Promise<Record<(typeof DEPTHS)[number], Outputs>> {
  const all = await Promise.all(
    DEPTHS.map(async (depth) => [depth, (await explain(subject, feeds, { depth }))[0]!] as const),
  );
  return Object.fromEntries(all) as Record<(typeof DEPTHS)[number], Outputs>;
}

/** What all depths have in common is the same in all, and nothing is lost or negative. */
async function agree(subject: Subject, feeds: Feeds): Promise<Outputs> {
  const { full, ...others } = await atEveryDepth(subject, feeds);
  for (const [depth, outputs] of Object.entries(others))
    for (const [name, values] of Object.entries(outputs))
      if (name === "torquelens.residual") expect(values[0], depth).toBeLessThan(1e-4);
      else if (full[name]) expect(relativeError(values, full[name]), `${depth} ${name}`).toBeLessThan(1e-4);
  for (const [name, values] of Object.entries(full))
    if (name.startsWith("torquelens.relevance.")) expect(Math.min(...values), name).toBeGreaterThan(-1e-6);
  expect(full["torquelens.residual"]![0]).toBeLessThan(1e-4);
  return full;
}

describe("pictures", () => {
  it("a hidden map of the image's shape is not the image", async () => {
    const x = image();
    const torque = dense(flat(b.relu(conv(b.relu(conv(x, 3, 3, 1)), 2, 4, 1))), 2, 5);
    await agree(subjectOf([x], torque), observation([x]));
  });

  it.each([
    ["rows and columns swapped", (x: Value) => b.transpose(x, [0, 1, 3, 2])],
    ["upside down", (x: Value) => b.slice(x, 2, -1, Number.MIN_SAFE_INTEGER, -1)],
    ["channels reversed", (x: Value) => apply("Gather", [x, b.int64([2, 1, 0])], { axis: 1 })],
    ["scaled with either sign", (x: Value) => b.mul(b.sub(x, 0.5), b.tensor("float32", [1, 3, 1, 1], [2, -3, 0.5]))],
    ["all axes reversed and back", (x: Value) => apply("Transpose", [apply("Transpose", [x])])],
  ])("%s before the first layer", async (_, turn) => {
    const x = image();
    const torque = dense(flat(b.relu(conv(turn(x), 4, 3))), 2, 5);
    await agree(subjectOf([x], torque), observation([x]));
  });

  it("read by two layers", async () => {
    const x = image();
    const features = b.concat([flat(b.relu(conv(x, 2, 3))), flat(b.relu(conv(x, 2, 4, 1))), flat(x)], 1);
    await agree(subjectOf([x], dense(features, 2, 5)), observation([x]));
  });

  it("subtracted from one another: bounds are those of the difference", async () => {
    const inputs = [image("now"), image("before")];
    const torque = dense(flat(b.relu(conv(b.sub(inputs[0]!, inputs[1]!), 4, 3))), 2, 5);
    await agree(subjectOf(inputs, torque), observation(inputs));
  });

  it("two cameras, each its own heatmap and share", async () => {
    const inputs = [image("wrist"), image("scene", [1, 3, 8, 7]), configuration()];
    const see = (x: Value, seed: number) => flat(b.relu(conv(x, 2, seed)));
    const torque = dense(b.concat([see(inputs[0]!, 3), see(inputs[1]!, 4), inputs[2]!], 1), 3, 5);
    const full = await agree(subjectOf(inputs, torque), observation(inputs));
    const totals = ["heatmap.wrist", "heatmap.scene", "relevance.configuration"].map((name) =>
      total(full[`torquelens.${name}`]!),
    );
    expect(
      relativeError(
        full["torquelens.shares"]!,
        totals.map((t) => t / total(totals)),
      ),
    ).toBeLessThan(1e-5);
  });

  it("seen by a soft-argmax and by another reader of its maps", async () => {
    const inputs = [image(), configuration()];
    const maps = b.softmax(b.reshape(b.relu(conv(inputs[0]!, 4, 3)), [4, 16]), 1);
    const points = b.reshape(b.matmul(maps, weights([16, 2], 9)), [1, 8]);
    const presence = b.reshape(b.reduceMax(maps, [1]), [1, 4]);
    const torque = dense(b.concat([points, presence, inputs[1]!], 1), 2, 5);
    await agree(subjectOf(inputs, torque), observation(inputs));
  });

  it("padded with a negative number", async () => {
    const x = image();
    const padded = apply("Pad", [b.relu(conv(x, 2, 3)), b.int64([0, 0, 1, 1, 0, 0, 1, 1]), b.scalar(-1)]);
    const outputs = await explain(subjectOf([x], dense(flat(b.relu(conv(padded, 2, 4))), 2, 5)), observation([x]));
    // What goes to the padding is gone, and says so; what comes is never more than was asked.
    const asked = total(outputs[0]!.torque!.map(Math.abs));
    expect(total(outputs[0]!["torquelens.relevance.image"]!)).toBeLessThanOrEqual(asked * (1 + 1e-5));
    expect(Math.min(...outputs[0]!["torquelens.relevance.image"]!)).toBeGreaterThan(-1e-6);
  });
});

describe("inputs", () => {
  it("that the policy ignores have no share, at any depth", async () => {
    const inputs = [image(), configuration()];
    const full = await agree(subjectOf(inputs, dense(inputs[1]!, 2, 5)), observation(inputs));
    expect(Array.from(full["torquelens.shares"]!)).toEqual([0, 1]);
    expect(full["torquelens.heatmap.image"]!.every((x) => x === 0)).toBe(true);
  });

  it("added to themselves over and over", async () => {
    const x = configuration();
    let sum = dense(x, 4, 3);
    for (let i = 0; i < 40; i++) sum = b.mul(b.add(sum, sum), b.tensor("float32", [1, 4], [0.5, 0.5, 0.5, 0.5]));
    const torque = dense(sum, 2, 5);
    await agree(subjectOf([x], torque), observation([x]));
  });

  it("without a modality take their part, and the residual shows it", async () => {
    const inputs = [image(), configuration()];
    const torque = dense(b.concat([b.mean(inputs[0]!, [2, 3]), inputs[1]!], 1), 2, 5);
    const feeds = observation(inputs);
    const whole = await agree(subjectOf(inputs, torque), feeds);
    const part = await explain(subjectOf(inputs, torque, [modalityOf(inputs[0]!)]), feeds);
    expect(part[0]!["torquelens.residual"]![0]).toBeCloseTo(whole["torquelens.shares"]![1]!, 4);
    expect(part[0]!["torquelens.relevance.image"]).toEqual(whole["torquelens.relevance.image"]);
    expect(part[0]!["torquelens.relevance.configuration"]).toBeUndefined();
  });

  it("in slices are separate modalities", async () => {
    const x = configuration(5);
    const slices = [
      { ...modalityOf(b.input("configuration", "float32", [2])), name: "joint_velocity", start: 3 },
      { ...modalityOf(b.input("configuration", "float32", [3])), name: "joint_position", start: 0 },
    ] as Subject["modalities"];
    const [out] = await explain(subjectOf([x], dense(x, 2, 5), slices), observation([x]));
    const relevance = out!["torquelens.relevance.configuration"]!;
    const [position, velocity] = [total(relevance.slice(0, 3)), total(relevance.slice(3))];
    expect(
      relativeError(
        out!["torquelens.shares"]!,
        [velocity, position].map((x) => x / (position + velocity)),
      ),
    ).toBeLessThan(1e-5);
  });
});

describe("torques", () => {
  const relevanceOf = async (torque: (x: Value) => Value, values: readonly number[]) => {
    const x = configuration(values.length);
    const feeds = { configuration: float32(values, [1, values.length]) };
    return Array.from((await agree(subjectOf([x], torque(x)), feeds))["torquelens.relevance.configuration"]!);
  };
  const part = (x: Value, from: number) => b.slice(x, 1, from, from + 1);

  it("that are sums of two heads go to the head of their sign", async () => {
    const sum = (x: Value) => b.add(dense(part(x, 0), 1, [-3]), dense(part(x, 1), 1, [1]));
    expect(await relevanceOf(sum, [1, 1])).toEqual([2, 0]);
    expect(await relevanceOf(sum, [-1, 1])).toEqual([3, 1]);
    const difference = (x: Value) => b.sub(dense(part(x, 0), 1, [1]), dense(part(x, 1), 1, [3]));
    expect(await relevanceOf(difference, [1, 1])).toEqual([0, 2]);
  });

  it("that are partly the input itself, or wholly", async () => {
    const x = configuration();
    const feeds = observation([x]);
    const corrected = b.add(dense(b.relu(dense(x, 3, 6)), 4, 8), b.mul(x, -2));
    await agree(subjectOf([x], corrected), feeds);
    await agree(subjectOf([x], b.mul(x, -2)), feeds);
    const hidden = b.relu(dense(x, 3, 6));
    await agree(subjectOf([x], b.sub(hidden, dense(hidden, 3, 7))), feeds);
  });

  it("gated, squashed, scaled and clipped", async () => {
    const x = configuration();
    const feeds = observation([x]);
    const limits = b.tensor("float32", [1, 2], [-2, 3]);
    await agree(subjectOf([x], b.mul(b.sigmoid(dense(x, 2, 3)), dense(x, 2, 4))), feeds);
    await agree(subjectOf([x], b.mul(dense(x, 2, 3), dense(x, 2, 4))), feeds);
    await agree(
      subjectOf([x], apply("Clip", [b.mul(b.tanh(dense(x, 2, 3)), limits), b.scalar(-1), b.scalar(1)])),
      feeds,
    );
    await agree(subjectOf([x], b.mul(b.tanh(dense(x, 1, 3)), limits)), feeds);
    await agree(subjectOf([x], b.neg(b.div(dense(x, 2, 3), limits))), feeds);
  });

  it("of any rank: a vector, a row, one number", async () => {
    const x = configuration();
    const row = dense(x, 2, 5);
    const outputs = await Promise.all(
      [row, b.reshape(row, [2]), b.reshape(row, [1, 1, 2])].map((torque) =>
        agree(subjectOf([x], torque), observation([x])),
      ),
    );
    for (const out of outputs)
      expect(out["torquelens.torque_relevance.configuration"]).toEqual(
        outputs[0]!["torquelens.torque_relevance.configuration"],
      );
    await agree(subjectOf([x], b.reshape(dense(x, 1, 5), [])), observation([x]));
  });

  it("a torque whose pool is empty is reported once", async () => {
    const x = configuration(2);
    const biased = apply("Gemm", [x, b.tensor("float32", [2, 2], [1, 1, 1, 1]), b.tensor("float32", [2], [-9, 0])]);
    const [out] = await explain(subjectOf([x], biased), { configuration: float32([1, 2], [1, 2]) });
    expect(Array.from(out!.torque!)).toEqual([-6, 3]);
    expect(Array.from(out!["torquelens.empty_pool"]!)).toEqual([1, 0]);
    expect(relativeError(out!["torquelens.relevance.configuration"]!, [3, 6])).toBeLessThan(1e-6);
  });
});
