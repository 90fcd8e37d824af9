import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import type { Pattern } from "#src/relevance/contract/pattern.js";
import { GraphAnalysis } from "#src/relevance/network/analysis.js";
import { attentionOf, mixtureOf } from "#src/relevance/patterns/attention.js";
import { isGate } from "#src/relevance/patterns/gate.js";
import { dense, weights } from "../subjects.js";
import {
  type Change,
  fastNorm,
  gelu,
  groupNorm,
  hardSwish,
  l2Norm,
  layerNorm,
  mish,
  rmsNorm,
  silu,
  softplus,
  softsign,
  spreadNorm,
  tanhGelu,
} from "./forms.js";

const x = b.input("x", "float32", [1, 4, 6]);
const hidden = b.relu(x);

const analyse = (value: Value) =>
  new GraphAnalysis({
    name: "",
    inputs: new Map([["x", x]]),
    outputs: new Map([["y", value]]),
    metadata: new Map(),
    opset: 18,
  });

const pattern = (value: Value): Pattern | undefined => analyse(value).pattern(value.node);

const NORMS: readonly (readonly [form: string, name: string, make: (x: Value) => Value])[] = [
  ["Pow", "LayerNorm", (v) => layerNorm(v)],
  ["x·x", "LayerNorm", (v) => layerNorm(v, "none", "mul")],
  ["Reciprocal", "LayerNorm", (v) => layerNorm(v, "none", "rsqrt")],
  ["power −½", "LayerNorm", (v) => layerNorm(v, "none", "power")],
  ["the difference written twice", "LayerNorm", (v) => layerNorm(v, "none", "twice")],
  ["Flax", "LayerNorm", (v) => fastNorm(v)],
  ["Keras", "LayerNorm", (v) => spreadNorm(v)],
  ["operator", "LayerNorm", (v) => apply("LayerNormalization", [v, weights([6], 1), weights([6], 2)])],
  ["written out", "RMSNorm", (v) => rmsNorm(v)],
  ["operator", "RMSNorm", (v) => apply("RMSNormalization", [v, weights([6], 1)])],
  ["written out", "L2Norm", (v) => l2Norm(v)],
  ["PyTorch", "GroupNorm", (v) => groupNorm(v, 2)],
  [
    "operator",
    "GroupNorm",
    (v) => apply("GroupNormalization", [v, weights([4], 1), weights([4], 2)], { num_groups: 2 }),
  ],
  [
    "operator, a scale a group",
    "GroupNorm",
    (v) => apply("GroupNormalization", [v, weights([2], 1), weights([2], 2)], { num_groups: 2 }),
  ],
  ["operator", "InstanceNorm", (v) => apply("InstanceNormalization", [v, weights([4], 1), weights([4], 2)])],
];

describe("normalisations", () => {
  it.each(NORMS)("%s: %s of its source, with scale", (form, name, make) => {
    const found = pattern(make(hidden));
    expect(found?.kind).toBe("normalisation");
    if (found?.kind !== "normalisation") return;
    expect(found.name).toBe(name);
    expect(found.source).toBe(hidden);
    expect(found.scale !== undefined, form).toBe(name !== "L2Norm");
  });

  it.each<readonly [string, (x: Value) => Value]>([
    ["LayerNorm, epsilon of 1", (v) => layerNorm(v, "epsilon")],
    ["LayerNorm, fourth power", (v) => layerNorm(v, "exponent")],
    ["LayerNorm, spread of another value", (v) => layerNorm(v, "other")],
    ["LayerNorm, no root", (v) => layerNorm(v, "root")],
    ["Flax, mean of cubes", (v) => fastNorm(v, "exponent")],
    ["Flax, another mean", (v) => fastNorm(v, "other")],
    ["Keras, another factor of the mean", (v) => spreadNorm(v, "other")],
    ["RMSNorm, third power", (v) => rmsNorm(v, "exponent")],
    ["RMSNorm of another value", (v) => rmsNorm(v, "other")],
    ["L2Norm, large bound", (v) => l2Norm(v, "epsilon")],
    ["L2Norm of another value", (v) => l2Norm(v, "other")],
    ["GroupNorm, scaled by group on the way", (v) => groupNorm(v, 2, "other")],
    [
      "LayerNormalization with a computed scale",
      (v) => apply("LayerNormalization", [v, b.reshape(b.slice(v, 1, 0, 1), [6])]),
    ],
  ])("is none: %s", (_, make) => {
    expect(pattern(make(hidden))).toBeUndefined();
  });
});

it("less a mean over another axis is an RMSNorm of the difference", () => {
  const found = pattern(layerNorm(hidden, "axis"));
  expect(found).toMatchObject({ name: "RMSNorm" });
  expect(found!.source.node.op).toBe("Sub");
});

const ACTIVATIONS: readonly (readonly [name: string, make: (x: Value, change?: Change) => Value, changes: Change[]])[] =
  [
    ["GELU", gelu, ["root", "other", "half"]],
    ["GELU", tanhGelu, ["root", "exponent", "half"]],
    ["SiLU", silu, ["other"]],
    ["Mish", mish, ["other"]],
    ["HardSwish", hardSwish, ["half", "root"]],
    ["Softplus", softplus, ["other"]],
    ["Softsign", softsign, ["other"]],
  ];

describe("activations", () => {
  it.each(ACTIVATIONS)("%s", (name, make, changes) => {
    expect(pattern(make(hidden))).toMatchObject({ kind: "activation", name, source: hidden });
    for (const change of changes) expect(pattern(make(hidden, change)), change).toBeUndefined();
  });

  it("of a constant are none", () => {
    const constant = weights([1, 4, 6], 1);
    expect(pattern(b.add(gelu(constant), x))).toBeUndefined();
    expect(analyse(b.add(gelu(constant), x)).pattern(gelu(constant).node)).toBeUndefined();
  });
});

describe("soft-argmax", () => {
  const grid = weights([4, 2], 3);
  it("over all cells of the softmax only", () => {
    const maps = b.reshape(b.slice(hidden, 2, 0, 4), [1, 4, 4]);
    expect(pattern(b.matmul(b.softmax(maps), grid))?.kind).toBe("soft-argmax");
    const halves = b.reshape(b.softmax(b.reshape(hidden, [1, 3, 8])), [1, 3, 2, 4]);
    expect(pattern(b.matmul(halves, grid))).toBeUndefined();
    expect(pattern(b.matmul(b.softmax(maps, 1), weights([4, 2], 3)))?.kind).toBe("soft-argmax");
  });
});

describe("attention", () => {
  const [q, k, v] = [1, 2, 3].map((seed) => b.matmul(hidden, weights([6, 6], seed))) as [Value, Value, Value];
  const scores = b.matmul(q, b.transpose(k, [0, 2, 1]));
  const attend = (logits: Value, axis = -1) => b.matmul(b.softmax(logits, axis), v);

  it.each<readonly [string, Value]>([
    ["plain", scores],
    ["scaled", b.div(scores, 2.4)],
    ["masked by a summand", b.add(b.mul(scores, 0.4), weights([4, 4], 9))],
    ["masked by choice", b.where(b.greater(weights([4, 4], 9), 0), b.mul(scores, 0.4), -1e9)],
  ])("%s", (_, logits) => {
    const y = attend(logits);
    const analysis = analyse(y);
    expect(attentionOf(y.node, analysis)).toMatchObject({ values: v, scores });
    expect(analysis.layer(y.node)).toMatchObject({ kind: "mixture", input: v });
  });

  it("not over another axis than the one that is summed, nor without a softmax", () => {
    for (const y of [attend(scores, 1), b.matmul(scores, v)]) {
      const analysis = analyse(y);
      expect(mixtureOf(y.node, analysis)).toBeUndefined();
      expect(analysis.layer(y.node)).toBeUndefined();
    }
  });

  it("rows masked altogether, as PyTorch writes them", () => {
    const weights = b.softmax(scores);
    const y = b.matmul(b.where(apply("IsNaN", [weights]), 0, weights), v);
    expect(attentionOf(y.node, analyse(y))?.scores).toBe(scores);
  });
});

describe("gates", () => {
  const s = b.sigmoid(hidden);
  it("squared over and over", () => {
    let squared = s;
    for (let i = 0; i < 60; i++) squared = b.mul(squared, squared);
    expect(isGate(squared)).toBe(true);
  });

  it.each<readonly [string, Value, boolean]>([
    ["sigmoid", s, true],
    ["moved sigmoid", b.slice(b.reshape(s, [24]), 0, 3, 9), true],
    ["1 − sigmoid", b.sub(1, s), true],
    ["2 − sigmoid", b.sub(2, s), false],
    ["sigmoid²", b.mul(s, s), true],
    ["sigmoid · signal", b.mul(s, hidden), false],
    ["tanh of a softplus", b.tanh(apply("Softplus", [hidden])), true],
    ["tanh", b.tanh(hidden), false],
    ["clipped to [0, 1]", apply("Clip", [hidden, b.scalar(0), b.scalar(1)]), true],
    ["clipped to [0, 2]", apply("Clip", [hidden, b.scalar(0), b.scalar(2)]), false],
    ["a mask", b.cast(b.input("mask", "int64", [1, 4]), "float32"), true],
    ["bytes", b.cast(b.input("pixels", "uint8", [1, 4]), "float32"), false],
    ["relu", b.relu(dense(b.reshape(hidden, [1, 24]), 2, 4)), false],
  ])("%s: %s", (_, value, expected) => {
    expect(isGate(value)).toBe(expected);
  });
});
