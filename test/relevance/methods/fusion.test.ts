import { describe, expect, it } from "vitest";
import { apply, applyNode } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import type { SubjectModality } from "#src/relevance/contract/subject.js";
import { evaluate, relativeError } from "../../evaluate.js";
import { configuration, dense, explain, image, observation, subjectOf, weights } from "../subjects.js";

const POOLS: Readonly<Record<string, (a: readonly number[]) => number>> = {
  l2: (a) => Math.hypot(...a),
  linf: (a) => Math.max(...a.map(Math.abs)),
  l1: (a) => a.reduce((sum, x) => sum + Math.abs(x), 0),
  "l1/d": (a) => a.reduce((sum, x) => sum + Math.abs(x), 0) / a.length,
  "l2/d": (a) => Math.hypot(...a) / a.length,
};

const slice = (name: string, start: number, size: number): SubjectModality => ({
  kind: "values",
  name,
  input: "configuration",
  start,
  size,
  reference: { kind: "zero", values: new Float64Array(size) },
});
const camera: SubjectModality = { kind: "image", name: "image", input: "image", layout: "NCHW", range: [0, 1] };

const x = image("image", [1, 2, 4, 4]);
const q = configuration(5);
const features = b.relu(apply("Flatten", [b.conv(x, weights([3, 2, 3, 3], 5), { strides: [2, 2] }, weights([3], 6))]));
const READ = weights([8, 2], 9);
const ALPHA = [0.7, 1.3];
const modalities = [camera, slice("joint_position", 0, 2), slice("joint_velocity", 2, 3)];
const feeds = observation([x, q], 3);

const share = (parts: readonly number[]) => parts.map((part) => part / parts.reduce((a, p) => a + p, 0));

/** gradient × input of a linear read-out of `values`, with the torque's sign, for each torque. */
async function linear(values: Value) {
  const { joint, torque } = await evaluate([x, q], { joint: values, torque: b.matmul(values, READ) }, feeds);
  const w = READ.literal!.numbers();
  return Array.from(torque!, (tau, j) => Array.from(joint!, (v, i) => Math.sign(tau) * v * w[i * 2 + j]!));
}

describe("the fusion readout", () => {
  it.each(Object.keys(POOLS))("%s of a linear read-out is exact", async (name) => {
    const joint = b.concat([features, q], 1);
    const subject = subjectOf([x, q], b.matmul(joint, READ), modalities);
    const rows = await linear(joint);
    const parts = (a: readonly number[]) =>
      share([a.slice(0, 3), a.slice(3, 5), a.slice(5)].map((part) => POOLS[name]!(part)));
    const weighted = rows[0]!.map((_, i) => ALPHA[0]! * rows[0]![i]! + ALPHA[1]! * rows[1]![i]!);
    for (const depth of ["shares", "heatmap", "full"] as const) {
      const [found] = await explain(subject, feeds, { depth, method: `fusion:pool=${name}`, importances: [ALPHA] });
      expect(relativeError(found!["torquelens.shares"]!, parts(weighted))).toBeLessThan(1e-5);
      expect(relativeError(found!["torquelens.torque_shares"]!, rows.flatMap(parts))).toBeLessThan(1e-5);
    }
  });

  it("counts what words or other modalities made of an image as the image's, where it is told to", async () => {
    const filtered = b.mul(features, dense(q, 3, 4));
    const joint = applyNode("Concat", [filtered, q], { axis: 1 }, { outputNames: ["joint"] }).outputs[0]!;
    const subject = subjectOf([x, q], b.matmul(joint, READ), modalities, { fusion: "joint" });
    await expect(explain(subject, feeds, { method: "fusion" })).rejects.toThrow("some elements depend on image and");
    const rows = await linear(joint);
    const parts = (a: readonly number[]) =>
      share([a.slice(0, 3), a.slice(3, 5), a.slice(5)].map((part) => POOLS.l2!(part)));
    const [found] = await explain(subject, feeds, { method: "fusion:mixed=image", importances: [ALPHA] });
    expect(relativeError(found!["torquelens.torque_shares"]!, rows.flatMap(parts))).toBeLessThan(1e-5);
  });

  it("parts an encoder of several modalities by the gradient × input of each", async () => {
    const state = dense(q, 5, 4);
    const subject = subjectOf([x, q], b.matmul(b.concat([features, state], 1), READ), modalities);
    const rows = await linear(b.concat([features, state], 1));
    const [found] = await explain(subject, feeds, { method: "fusion" });
    const shares = Array.from(found!["torquelens.torque_shares"]!);
    const elements = Array.from(found!["torquelens.torque_relevance.configuration"]!);
    rows.forEach((row, j) => {
      const [imagePart, statePart] = [Math.hypot(...row.slice(0, 3)), Math.hypot(...row.slice(3))];
      const inputs = elements.slice(5 * j, 5 * j + 5).map(Math.abs);
      const position = (inputs[0]! + inputs[1]!) / inputs.reduce((a, r) => a + r, 0);
      const expected = share([imagePart, statePart * position, statePart * (1 - position)]);
      expect(relativeError(shares.slice(3 * j, 3 * j + 3), expected)).toBeLessThan(1e-5);
    });
  });

  it("takes the tensor that the card or the option names, and refuses any other", async () => {
    const first = b.concat([features, q], 1);
    const hidden = b.identity(first);
    const mixed = b.relu(dense(hidden, 8, 2));
    const subject = subjectOf([x, q], b.matmul(mixed, READ), modalities);
    const refused = (tensor: string) => explain(subject, feeds, { method: `fusion:tensor=${tensor}` });
    await expect(refused("nowhere")).rejects.toThrow('fusion tensor "nowhere": found no tensor of this name');
    await expect(refused("image")).rejects.toThrow("it depends on image alone, expected one where modalities have met");
    const added = subjectOf([x, q], b.matmul(b.add(dense(features, 8, 1), dense(q, 8, 2)), READ), modalities);
    await expect(explain(added, feeds, { method: "fusion" })).rejects.toThrow(
      "found no Concat where all modalities meet",
    );
  });
});
