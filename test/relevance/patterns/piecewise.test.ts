import { describe, expect, it, test } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import { GraphAnalysis } from "#src/relevance/network/analysis.js";
import { float32 } from "#src/runtime/session.js";
import { configuration, dense, explain, subjectOf, weights } from "../subjects.js";

/** Activations as JAX and TensorFlow write them: the same relevance as of the operator. */

type Form = (x: Value) => Value;

const max = (a: Value, c: Value | number) => apply("Max", [a, typeof c === "number" ? b.scalar(c) : c]);
const min = (a: Value, c: Value | number) => apply("Min", [a, typeof c === "number" ? b.scalar(c) : c]);
const above = (x: Value, c = 0) => b.greater(x, c);
const zeros = (x: Value) => b.zeros(x.shape);
const clip =
  (low?: number, high?: number): Form =>
  (x) =>
    apply("Clip", [x, low === undefined ? undefined : b.scalar(low), high === undefined ? undefined : b.scalar(high)]);
const elu =
  (alpha: number): Form =>
  (x) =>
    apply("Elu", [x], { alpha });
const leaky =
  (alpha: number): Form =>
  (x) =>
    apply("LeakyRelu", [x], { alpha });
const expm1 = (x: Value) => b.sub(b.exp(x), 1);
const erf = (x: Value) => apply("Erf", [x]);
/** As PyTorch writes it before operator set 20. */
const gelu: Form = (x) => b.mul(b.mul(x, b.add(erf(b.div(x, Math.SQRT2)), 1)), 0.5);
const not = (condition: Value) => apply("Not", [condition]);

/** Name, how it is written, and the operator that it is. */
const FORMS: readonly (readonly [name: string, form: Form, operator: Form, how: string])[] = [
  ["Relu", (x) => max(x, 0), b.relu, "max(x, 0)"],
  ["Relu", (x) => apply("Max", [b.scalar(0), x]), b.relu, "max(0, x)"],
  ["Relu", (x) => apply("Max", [x, zeros(x)]), b.relu, "max(x, zeros)"],
  ["Relu", (x) => b.where(above(x), x, 0), b.relu, "where(x > 0, x, 0)"],
  ["Relu", (x) => b.where(apply("LessOrEqual", [x, b.scalar(0)]), 0, x), b.relu, "where(x ≤ 0, 0, x)"],
  ["Relu", (x) => b.where(apply("Less", [b.scalar(0), x]), x, 0), b.relu, "where(0 < x, x, 0)"],
  ["Relu", (x) => b.where(not(above(x)), 0, x), b.relu, "where(not x > 0, 0, x)"],
  ["Relu", (x) => b.mul(x, b.cast(above(x), "float32")), b.relu, "x · (x > 0)"],
  ["Clip from 0", (x) => min(max(x, 0), 0.6), clip(0, 0.6), "min(max(x, 0), 0.6)"],
  ["Clip from 0", (x) => max(min(x, 0.6), 0), clip(0, 0.6), "max(min(x, 0.6), 0)"],
  ["Clip from 0", (x) => min(b.relu(x), 0.6), clip(0, 0.6), "min(relu(x), 0.6)"],
  ["Clip", (x) => max(min(x, 0.5), -0.5), clip(-0.5, 0.5), "max(min(x, ½), −½)"],
  ["Clip", (x) => min(x, 0.5), clip(undefined, 0.5), "min(x, ½)"],
  [
    "Clip",
    (x) => b.where(above(x, 0.5), 0.5, b.where(apply("Less", [x, b.scalar(-0.5)]), -0.5, x)),
    clip(-0.5, 0.5),
    "where(x > ½, ½, where(x < −½, −½, x))",
  ],
  ["LeakyRelu", (x) => b.where(apply("GreaterOrEqual", [x, b.scalar(0)]), x, b.mul(x, 0.2)), leaky(0.2), "where"],
  ["LeakyRelu", (x) => max(x, b.mul(b.scalar(0.2), x)), leaky(0.2), "max(x, 0.2 x)"],
  ["LeakyRelu", (x) => b.add(max(x, 0), b.mul(min(x, 0), 0.2)), leaky(0.2), "max(x, 0) + 0.2 min(x, 0)"],
  ["LeakyRelu", (x) => b.sub(b.relu(x), b.mul(b.relu(b.neg(x)), 0.2)), leaky(0.2), "relu(x) − 0.2 relu(−x)"],
  ["Elu", (x) => b.where(above(x), x, expm1(b.where(above(x), 0, x))), elu(1), "where, guarded"],
  ["Elu", (x) => b.where(above(x), x, b.mul(expm1(x), 0.7)), elu(0.7), "where, 0.7"],
  ["Elu", (x) => b.where(above(x), x, b.mul(0.7, expm1(min(x, 0)))), elu(0.7), "where, min"],
  ["Elu", (x) => b.where(above(x), x, b.sub(b.mul(b.exp(x), 0.7), 0.7)), elu(0.7), "where, 0.7 eˣ − 0.7"],
  ["Elu", (x) => b.add(max(x, 0), min(expm1(x), 0)), elu(1), "max(x, 0) + min(eˣ − 1, 0)"],
  ["Elu", (x) => b.add(b.relu(x), expm1(min(x, 0))), elu(1), "relu(x) + (e^min(x, 0) − 1)"],
  ["Sigmoid", (x) => b.div(1, b.add(b.exp(b.neg(x)), 1)), b.sigmoid, "1 / (1 + e⁻ˣ)"],
  ["Sigmoid", (x) => apply("Reciprocal", [b.add(1, b.exp(b.mul(x, -1)))]), b.sigmoid, "reciprocal"],
  [
    "Softplus",
    (x) => b.add(max(x, 0), b.log(b.add(b.exp(b.neg(b.abs(x))), 1))),
    (x) => apply("Softplus", [x]),
    "logaddexp(x, 0)",
  ],
  [
    "Softplus",
    (x) => {
      const d = b.sub(x, 0);
      const soft = b.add(max(x, 0), b.log(b.add(1, b.exp(b.neg(b.abs(d))))));
      return b.where(not(apply("Equal", [d, d])), b.add(x, 0), soft);
    },
    (x) => apply("Softplus", [x]),
    "JAX's logaddexp(x, 0)",
  ],
  [
    "HardSwish",
    (x) => b.mul(x, b.div(min(max(b.add(x, 3), 0), 6), 6)),
    (x) => apply("HardSwish", [x]),
    "x · min(max(x + 3, 0), 6) / 6",
  ],
  [
    "SiLU",
    (x) => b.mul(x, b.div(1, b.add(1, b.exp(b.neg(x))))),
    (x) => b.mul(x, b.sigmoid(x)),
    "x / (1 + e⁻ˣ), as a product",
  ],
  ["GELU", (x) => b.mul(b.mul(0.5, x), b.sub(1, erf(b.mul(x, -Math.SQRT1_2)))), gelu, "½x · erfc(−x·√½)"],
  ["GELU", (x) => b.mul(0.5, b.mul(x, b.sub(1, erf(b.mul(b.neg(x), Math.SQRT1_2))))), gelu, "½ · (x · erfc((−x)·√½))"],
  ["GELU", (x) => b.mul(x, b.div(b.sub(1, erf(b.div(x, -Math.SQRT2))), 2)), gelu, "x · (erfc(x/−√2)/2)"],
  ["GELU", (x) => b.div(b.mul(x, b.sub(1, erf(b.neg(b.div(x, Math.SQRT2))))), 2), gelu, "x · erfc(−(x/√2)) / 2"],
  ["GELU", (x) => b.div(b.mul(x, b.add(1, erf(b.div(x, Math.SQRT2)))), 2), gelu, "x · (1 + erf(x/√2)) / 2"],
];

const x = configuration(5);
const feeds = { configuration: float32([0.6, -0.9, 0.8, 0.4, -0.3], [1, 5]) };
const hidden = dense(x, 8, 3);
const nodeOf = (value: Value) =>
  new GraphAnalysis({
    name: "",
    inputs: new Map([["x", x]]),
    outputs: new Map([["y", value]]),
    metadata: new Map(),
    opset: 18,
  }).pattern(value.node);

describe.each(FORMS)("%s, %#", (name, form, operator, how) => {
  test(`${how} is recognised`, () => {
    expect(nodeOf(form(hidden))).toMatchObject({ kind: "activation", name });
  });

  test.each(["guided-backprop", "deconvnet", "deeplift", "dtd", "lrp-epsilon", "rap", "integrated-gradients"])(
    `${how} has the relevance of its operator by %s`,
    async (method) => {
      const policy = (activation: Form) => subjectOf([x], dense(activation(dense(activation(hidden), 6, 4)), 2, 5));
      const [found] = await explain(policy(form), feeds, { method });
      const [expected] = await explain(policy(operator), feeds, { method });
      const relevance = "torquelens.torque_relevance.configuration";
      const scale = Math.max(...expected![relevance]!.map(Math.abs));
      for (const [i, value] of expected![relevance]!.entries())
        expect(Math.abs(found![relevance]![i]! - value)).toBeLessThan(2e-5 * scale);
    },
  );
});

describe("is none of these", () => {
  it.each<readonly [string, Form]>([
    ["max of two values", (v) => max(v, b.mul(v, -0.2))],
    ["max(x, 1.5 x)", (v) => max(v, b.mul(v, 1.5))],
    ["where of another value", (v) => b.where(above(b.mul(v, 2)), v, 0)],
    ["where with another constant", (v) => b.where(above(v), v, 3)],
    ["a negative slope", (v) => b.where(above(v), v, b.mul(v, -0.2))],
    ["x · (y > 0)", (v) => b.mul(v, b.cast(above(b.sub(v, 1)), "float32"))],
    ["1 / (2 + e⁻ˣ)", (v) => b.div(1, b.add(b.exp(b.neg(v)), 2))],
    ["where(x > 0, x, e²ˣ − 1)", (v) => b.where(above(v), v, expm1(b.mul(v, 2)))],
    ["½x · (1 − erf(x/√2))", (v) => b.mul(b.mul(0.5, v), b.sub(1, erf(b.div(v, Math.SQRT2))))],
    ["x · erfc(−x/√2)", (v) => b.mul(v, b.sub(1, erf(b.div(v, -Math.SQRT2))))],
    ["a limit that enlarges the value", (v) => apply("Max", [v, weights([3, 8], 1)])],
  ])("%s", (_name, form) => expect(nodeOf(form(hidden))).toBeUndefined());
});

describe("methods that act on ReLU", () => {
  const rulesOf = (activation: Form, method: string) =>
    compile(subjectOf([x], dense(activation(hidden), 2, 5)), { method });

  it("say where they do", () => {
    const { rules, warnings } = rulesOf((v) => max(v, 0), "guided-backprop");
    expect(rules).toContainEqual(expect.objectContaining({ op: "Max", rule: "guided", activation: "Relu" }));
    expect(warnings).toEqual([]);
  });

  it.each(["guided-backprop", "deconvnet"])("%s warns where there is none", (method) => {
    expect(rulesOf(b.tanh, method).warnings).toEqual([
      `method ${method}: found no ReLU in this policy, so it is the plain gradient`,
    ]);
  });
});
