import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradients } from "#src/backward/gradients.js";
import { apply, applyNode } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { parseCard } from "#src/policy/card.js";
import { loadModel, policyOf } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { ExplainedNetwork } from "#src/relevance/network/network.js";
import { receptiveField, toPixels } from "#src/relevance/network/receptive-field.js";
import { TokenOrigins } from "#src/relevance/network/token-origins.js";
import { attentionOf } from "#src/relevance/patterns/attention.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate, randoms, relativeError } from "../../evaluate.js";
import { configuration, DEPTHS, dense, explain, image, observation, subjectOf, total, weights } from "../subjects.js";

const D = 4;
const x = image("image", [1, 2, 4, 6]);
const q = configuration(3);
const named = (op: string, inputs: readonly Value[], name: string, attributes = {}) =>
  applyNode(op, inputs, attributes, { name, outputNames: [`${name}.out`] }).outputs[0]!;

/** Six patches of 2 × 2 pixels and a token of the configuration, [1, 7, D]. */
const patches = b.conv(x, weights([D, 2, 2, 2], 1), { strides: [2, 2] });
const tokens = b.add(
  b.concat([b.transpose(b.reshape(patches, [1, D, 6]), [0, 2, 1]), b.reshape(dense(q, D, 2), [1, 1, D])], 1),
  weights([1, 7, D], 3),
);

/** One self-attention of two heads over D features, with its residual. */
function block(h: Value, seed: number, name: string) {
  const heads = (w: number) => b.transpose(b.reshape(b.matmul(h, weights([D, D], w)), [1, 7, 2, D / 2]), [0, 2, 1, 3]);
  const scores = b.div(b.matmul(heads(seed), b.transpose(heads(seed + 1), [0, 1, 3, 2])), Math.SQRT2);
  const A = named("Softmax", [scores], `${name}.weights`, { axis: -1 });
  const O = named("MatMul", [A, heads(seed + 2)], name);
  const out = b.matmul(b.reshape(b.transpose(O, [0, 2, 1, 3]), [1, 7, D]), weights([D, D], seed + 3));
  return { A, O, h: b.add(h, out) };
}
const first = block(tokens, 10, "first");
const second = block(b.tanh(first.h), 20, "second");
const torque = b.reshape(b.matmul(b.mean(b.tanh(second.h), [1]), weights([D, 2], 5)), [1, 2]);
const subject = subjectOf([x, q], torque);
const feeds = observation([x, q], 6);

/** Rows of token relevance in float64: what queries hand to tokens through `mixing`. */
async function slowTokens(layer: typeof first, mixing: (A: number[][][]) => number[][]) {
  const seeds = [0, 1].map((j) => b.tensor("float32", [1, 2], [Number(j === 0), Number(j === 1)]));
  const g = seeds.map((seed) => gradients(torque, [layer.O], seed)[0]!);
  const out = await evaluate([x, q], { A1: first.A, A2: second.A, O: layer.O, g0: g[0]!, g1: g[1]!, torque }, feeds);
  const mean = (A: Float64Array) =>
    Array.from({ length: 7 }, (_, l) => Array.from({ length: 7 }, (__, s) => (A[7 * l + s]! + A[49 + 7 * l + s]!) / 2));
  const mixed = mixing([mean(out.A1!), mean(out.A2!)]);
  return [out.g0!, out.g1!].map((row) => {
    const byQuery = new Float64Array(7);
    for (let head = 0; head < 2; head++)
      for (let l = 0; l < 7; l++) {
        const at = (head * 7 + l) * 2;
        byQuery[l]! += Math.abs(row[at]! * out.O![at]! + row[at + 1]! * out.O![at + 1]!);
      }
    return Array.from({ length: 7 }, (_, s) => total(mixed.map((m, l) => byQuery[l]! * m[s]!)));
  });
}

const half = (A: number[][]) => A.map((row, l) => row.map((a, s) => a / 2 + Number(l === s) / 2));
const product = (a: number[][], c: number[][]) =>
  a.map((row) => row.map((_, s) => total(row.map((v, k) => v * c[k]![s]!))));

describe("attention over tokens", () => {
  const cases = [
    ["attention", second, ([A1, A2]: number[][][]) => product(half(A2!), half(A1!))],
    ["attention:layer=second", second, ([, A2]: number[][][]) => A2!],
    ["attention:layer=first.out", first, ([A1]: number[][][]) => A1!],
    ["attention:layer=first.weights", first, ([A1]: number[][][]) => A1!],
  ] as const;

  it.each(cases)("%s equals the matrices, by pixel and by torque", async (method, layer, mixing) => {
    const rows = await slowTokens(layer, mixing);
    const alpha = [0.7, 1.4];
    const whole = rows[0]!.map((_, s) => total(rows.map((row, j) => alpha[j]! * row[s]!)));
    const pixels = (row: readonly number[]) =>
      Array.from({ length: 24 }, (_, i) => row[3 * Math.floor(i / 12) + Math.floor((i % 6) / 2)]! / 4);
    for (const depth of DEPTHS) {
      const [out] = await explain(subject, feeds, { method, depth, importances: [alpha] });
      expect(
        relativeError(
          out!["torquelens.relevance.configuration"]!,
          [1, 1, 1].map(() => whole[6]! / 3),
        ),
      ).toBeLessThan(1e-5);
      const share = total(whole.slice(0, 6)) / total(whole);
      expect(out!["torquelens.shares"]![0]).toBeCloseTo(share, 5);
      if (depth === "shares") continue;
      expect(relativeError(out!["torquelens.heatmap.image"]!, pixels(whole))).toBeLessThan(1e-5);
      if (depth === "per-torque")
        expect(relativeError(out!["torquelens.torque_heatmap.image"]!, rows.flatMap(pixels))).toBeLessThan(1e-5);
    }
  });

  it("is finite where everything is zero", async () => {
    const zeros = { image: float32(new Float32Array(48), x.shape), configuration: float32([0, 0, 0], q.shape) };
    const [out] = await explain(subject, zeros, { method: "attention" });
    for (const [name, values] of Object.entries(out!)) expect(values.every(Number.isFinite), name).toBe(true);
  });
});

describe("attention of exported policies", () => {
  const folder = new URL("../../data/reference/architectures/", import.meta.url);
  async function networkOf(name: string) {
    const { card } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
    const model = await loadModel(new URL(`${name}.onnx`, folder).pathname);
    const policy = policyOf(model, { card: parseCard(JSON.stringify(card), name), source: name, folder: "." });
    const policySubject = { ...policy, torque: policy.command, featurePoints: "policy" as const };
    return new ExplainedNetwork(policySubject, b.input("importance", "float32", [policy.outputs.length]), "full");
  }

  it.each([
    ["act-dynamo18", 10],
    ["act-ts17", 10],
    ["transformer-pre-class-ts17", 11],
    ["transformer-pre-class-dynamo23", 11],
    ["transformer-post-mean-dynamo18", 10],
  ])("%s: every token is followed to the cell or the state that it was made of", async (name, count) => {
    const { context, subject: policy } = await networkOf(name);
    const [layer] = context.analysis.order.flatMap((node) => attentionOf(node, context.analysis) ?? []);
    const origins = new TokenOrigins(context, policy.modalities).of(layer!.values);
    expect(origins).toHaveLength(count);
    expect(origins.filter((origin) => origin === undefined).length).toBeLessThanOrEqual(1);
    expect(origins.filter((origin) => origin?.kind === "values")).toHaveLength(1);
    for (const camera of policy.modalities.filter(({ kind }) => kind === "image")) {
      const cells = origins.flatMap((o) => (o?.kind === "cell" && o.image === camera ? [o.cell] : []));
      expect(cells).toEqual(Array.from({ length: cells.length }, (_, i) => i));
      expect(cells.length).toBeGreaterThan(3);
    }
  });
});

describe("attention maps on features", () => {
  const maps = b.relu(b.conv(x, weights([3, 2, 3, 3], 1)));
  const looked = named("Softplus", [b.conv(maps, weights([1, 3, 1, 1], 2))], "look");
  const features = b.mul(maps, looked);
  const seeing = subjectOf([x, q], b.add(dense(apply("Flatten", [features]), 2, 3), dense(q, 2, 4)));

  it.each(["attention", "attention:layer=look", "attention:layer=look.out"])("%s", async (method) => {
    const g = [0, 1].map(
      (j) =>
        gradients(
          seeing.graph.outputs.get("torque")!,
          [looked],
          b.tensor("float32", [1, 2], [Number(j === 0), Number(j === 1)]),
        )[0]!,
    );
    const out = await evaluate([x, q], { A: looked, g0: g[0]!, g1: g[1]! }, feeds);
    const A = out.A!;
    const size = total([out.g0!, out.g1!].map((row) => total(row.map((value, i) => Math.abs(value * A[i]!)))));
    // 3 × 3 windows at stride 1: each cell's part goes to its nine pixels.
    const expected = new Float64Array(24);
    A.forEach((a, cell) => {
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 3; j++)
          expected[6 * (Math.floor(cell / 4) + i) + (cell % 4) + j]! += (size * a) / total(A) / 9;
    });
    const [found] = await explain(seeing, feeds, { method });
    expect(relativeError(found!["torquelens.heatmap.image"]!, expected)).toBeLessThan(1e-5);
    const [direct] = await explain(seeing, feeds, { method: "gradient-x-input" });
    const name = "torquelens.relevance.configuration";
    expect(relativeError(found![name]!, direct![name]!)).toBeLessThan(1e-5);
  });
});

describe("from cells to pixels", () => {
  const picture = image("image", [1, 4, 84, 84]);
  const conv = (of: Value, k: number, stride: number, pad = 0) =>
    b.relu(b.conv(of, weights([2, of.shape[1]!, k, k], k), { strides: [stride, stride], pads: [pad, pad, pad, pad] }));
  const first = conv(picture, 8, 4);
  const third = conv(conv(first, 4, 2), 3, 1);
  const dense13 = conv(conv(conv(picture, 5, 1, 2), 5, 1, 2), 5, 1, 2);

  it.each([
    ["after one convolution", first, [8, 4, 0]],
    ["after three", third, [36, 8, 0]],
    ["padded, stride 1", dense13, [13, 1, 6]],
    ["through a pool", apply("MaxPool", [first], { kernel_shape: [2, 2], strides: [2, 2] }), [12, 8, 0]],
    ["through a sum of branches", b.add(conv(first, 3, 1, 1), first), [16, 4, 4]],
  ] as const)("%s: extent, stride and padding", (_, map, [extent, stride, before]) => {
    const { context } = new ExplainedNetwork(
      subjectOf([picture], dense(apply("Flatten", [map]), 1, 1)),
      b.input("importance", "float32", [1]),
      "full",
    );
    expect(receptiveField(map, context.analysis)).toEqual({
      extent: [extent, extent],
      stride: [stride, stride],
      before: [before, before],
    });
  });

  it.each([
    [
      [5, 7],
      [2, 3],
      [1, 0],
      [3, 4],
      [13, 20],
    ],
    [
      [3, 3],
      [1, 1],
      [1, 1],
      [6, 5],
      [6, 5],
    ],
    [
      [4, 4],
      [4, 4],
      [0, 0],
      [2, 3],
      [9, 14],
    ],
  ] as const)(
    "a window of %j, stride %j, padding %j of %j cells in %j pixels spreads evenly and keeps the sum",
    async (extent, stride, before, cells, pixels) => {
      const map = b.input("map", "float32", [2, ...cells]);
      const values = randoms(2 * cells[0] * cells[1], 3, 0, 1);
      const { y } = await evaluate(
        [map],
        { y: toPixels(map, { extent: [...extent], stride: [...stride], before: [...before] }, pixels[0], pixels[1]) },
        { map: float32(values, [2, ...cells]) },
      );
      const expected = new Float64Array(2 * pixels[0] * pixels[1]);
      values.forEach((value, k) => {
        const [row, r, c] = [Math.floor(k / (cells[0] * cells[1])), Math.floor(k / cells[1]) % cells[0], k % cells[1]];
        const seen: number[] = [];
        for (let i = 0; i < extent[0]; i++)
          for (let j = 0; j < extent[1]; j++) {
            const [v, u] = [r * stride[0] - before[0] + i, c * stride[1] - before[1] + j];
            if (v >= 0 && u >= 0 && v < pixels[0] && u < pixels[1]) seen.push((row * pixels[0] + v) * pixels[1] + u);
          }
        for (const at of seen) expected[at]! += value / seen.length;
      });
      expect(relativeError(y!, expected)).toBeLessThan(1e-5);
      expect(total(y!)).toBeCloseTo(total(values), 3);
    },
  );
});

describe("attention is refused in one line, with the methods that work,", () => {
  const plain = subjectOf([x, q], dense(b.concat([apply("Flatten", [b.relu(patches)]), q], 1), 2, 3));
  const both = dense(b.concat([apply("Flatten", [b.relu(patches)]), q], 1), 7 * D, 3);
  const mixing = block(b.reshape(both, [1, 7, D]), 30, "mixing");
  const mixed = subjectOf([x, q], b.reshape(b.matmul(b.mean(mixing.h, [1]), weights([D, 2], 5)), [1, 2]));
  const works = /; methods that work here: .*\bdtd\b.*gradient-x-input/;
  it.each([
    ["where there is none", plain, "attention", /^method attention: the network has none/],
    [
      "where every token is made of several inputs",
      mixed,
      "attention",
      /^attention "mixing": each of its 7 tokens is learned or mixes inputs/,
    ],
    ["for an unknown layer", subject, "attention:layer=third", /^attention layer "third": found no node and no tensor/],
    [
      "for a tensor that is none",
      subject,
      "attention:layer=configuration",
      /^attention layer "configuration": it is \[1,3\], expected/,
    ],
  ])("%s", (_, refused, method, message) => {
    const run = () => compile(refused, { method });
    expect(run).toThrow(message);
    if (refused !== subject) expect(run).toThrow(works);
  });
});
