import { describe, expect, it, test } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Value } from "#src/graph/value.js";
import { float32 } from "#src/runtime/session.js";
import { configuration, dense, explain, subjectOf } from "../subjects.js";

/** A softmax written out is read as one, and its attention has the same relevance. */

type Form = (s: Value) => Value;

const axis = b.int64([-1]);
const max = (s: Value, keepdims = 1, over = axis) => apply("ReduceMax", [s, over], { keepdims });
const sum = (e: Value, keepdims = 1, over = axis) => apply("ReduceSum", [e, over], { keepdims });
const still = (v: Value) => apply("Identity", [v]);
const shifted = (s: Value) => b.exp(b.sub(s, still(max(s))));
const wide = (v: Value) => apply("Unsqueeze", [v, axis]);
const over = (e: Value, total: Value) => b.div(e, total);

const FORMS: readonly (readonly [string, Form])[] = [
  ["shifted", (s) => ((e) => over(e, sum(e)))(shifted(s))],
  ["times a reciprocal", (s) => ((e) => b.mul(apply("Reciprocal", [sum(e)]), e))(shifted(s))],
  ["axes inserted again", (s) => ((e) => over(e, wide(sum(e, 0))))(b.exp(b.sub(s, wide(max(s, 0)))))],
  ["copied along the axis", (s) => ((e) => over(e, b.expand(sum(e), e.shape)))(shifted(s))],
  ["exponential of a LogSoftmax", (s) => b.exp(apply("LogSoftmax", [s], { axis: -1 }))],
];

const OTHERS: readonly (readonly [string, Form])[] = [
  ["no shift, which may overflow", (s) => ((e) => over(e, sum(e)))(b.exp(s))],
  ["the sum of another axis", (s) => ((e) => over(e, sum(e, 1, b.int64([1]))))(shifted(s))],
  ["the sum of two axes", (s) => ((e) => over(e, sum(e, 1, b.int64([1, 2]))))(shifted(s))],
  ["a sum that stands across", (s) => ((e) => over(e, apply("Unsqueeze", [sum(e, 0), b.int64([1])])))(shifted(s))],
  ["the sum of other values", (s) => over(b.exp(s), sum(b.exp(b.mul(s, 2))))],
];

const x = configuration(6);
const policy = (form: Form) => {
  const rows = b.reshape(dense(x, 12, 3), [1, 3, 4]);
  const scores = b.matmul(rows, b.transpose(rows, [0, 2, 1]));
  const torque = dense(b.relu(b.reshape(b.matmul(form(scores), rows), [1, 12])), 2, 5);
  const { graph, ...subject } = subjectOf([x], torque);
  return { ...subject, graph: readModel(writeModel(graph), "policy") };
};
const feeds = { configuration: float32([0.6, -0.9, 0.8, 0.4, -0.3, 0.2], [1, 6]) };
const operators = ({ graph }: ReturnType<typeof policy>) => [...graph.outputs.values()].flatMap(before);
const before = (value: Value): string[] => [value.node.op, ...value.node.inputs.flatMap((v) => (v ? before(v) : []))];

describe.each(FORMS)("%s", (_name, form) => {
  test.each(["dtd", "rap", "lrp-epsilon", "deeplift", "attention"])("%s", async (method) => {
    const [found] = await explain(policy(form), feeds, { method });
    const [expected] = await explain(
      policy((s) => b.softmax(s)),
      feeds,
      { method },
    );
    for (const name of ["torque", "torquelens.torque_relevance.configuration"]) {
      const scale = Math.max(...expected![name]!.map(Math.abs));
      expect(scale).toBeGreaterThan(0);
      for (const [i, value] of expected![name]!.entries())
        expect(Math.abs(found![name]![i]! - value)).toBeLessThan(1e-5 * scale);
    }
  });
});

describe("is no softmax", () => {
  it.each(OTHERS)("%s", (_name, form) => expect(operators(policy(form))).not.toContain("Softmax"));
});
