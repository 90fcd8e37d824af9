import { describe, expect, test } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { float32 } from "#src/runtime/session.js";
import { configuration, dense, explain, subjectOf } from "../subjects.js";
import { fastNorm, layerNorm } from "./forms.js";

/** One function written in two ways has the same relevance. */

type Form = (x: Value) => Value;

const inverse = (x: Value) => apply("Reciprocal", [x]);
const positive = (x: Value) => b.add(b.mul(x, x), 0.7);
const growth = (x: Value) => b.add(b.exp(b.mul(x, -2)), 1);

const FORMS: readonly (readonly [name: string, form: Form, plain: Form])[] = [
  ["x · reciprocal(y)", (x) => b.mul(x, inverse(positive(x))), (x) => b.div(x, positive(x))],
  ["(1/y) · x", (x) => b.mul(b.div(1, positive(x)), x), (x) => b.div(x, positive(x))],
  ["x · y⁻¹", (x) => b.mul(x, apply("Pow", [positive(x), b.scalar(-1)])), (x) => b.div(x, positive(x))],
  ["x · (3 · reciprocal(y))", (x) => b.mul(x, b.mul(inverse(positive(x)), 3)), (x) => b.div(b.mul(x, 3), positive(x))],
  ["Flax's LayerNorm", (x) => fastNorm(x), (x) => layerNorm(x)],
];

const x = configuration(5);
const feeds = { configuration: float32([0.6, -0.9, 0.8, 0.4, -0.3], [1, 5]) };

const METHODS = ["dtd", "rap", "lrp-epsilon", "deeplift"];

async function expectEqual(form: Value, plain: Value, method: string) {
  const [found] = await explain(subjectOf([x], form), feeds, { method });
  const [expected] = await explain(subjectOf([x], plain), feeds, { method });
  const relevance = "torquelens.torque_relevance.configuration";
  const scale = Math.max(...expected![relevance]!.map(Math.abs));
  expect(scale).toBeGreaterThan(0);
  for (const [i, value] of expected![relevance]!.entries())
    expect(Math.abs(found![relevance]![i]! - value)).toBeLessThan(2e-5 * scale);
}

describe.each(FORMS)("%s", (_name, form, plain) => {
  const policy = (f: Form) => dense(f(dense(b.relu(dense(x, 8, 3)), 6, 4)), 2, 5);
  test.each(METHODS)("%s", (method) => expectEqual(policy(form), policy(plain), method));
});

describe("the torque 2 · reciprocal(1 + e⁻²ˣ) − 1", () => {
  const squash = (inverted: Form) => b.sub(b.mul(inverted(growth(dense(b.relu(dense(x, 8, 3)), 2, 4))), 2), 1);
  test.each(METHODS)("%s", (method) =>
    expectEqual(
      squash(inverse),
      squash((y) => b.div(1, y)),
      method,
    ),
  );
});
