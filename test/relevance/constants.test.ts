import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { subjectOf as ofPolicy } from "#src/explain/subject.js";
import { apply, applyNode } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { parseCard } from "#src/policy/card.js";
import { loadModel, policyOf } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import type { Depth } from "#src/relevance/contract/depth.js";
import { randoms } from "../evaluate.js";
import {
  architecture,
  architecturePath,
  decode,
  type EncodedArray,
  feeds,
  session,
  tensor,
} from "../reference/fixtures.js";
import { configuration, dense, explain, image, observation, subjectOf, total, weights } from "./subjects.js";

/** Relevance by input of a policy of `architectures/`, dense in float64 by PyTorch, and its size Σα|τ|. */
function reference(name: string) {
  const file = new URL(`../data/reference/methods/${name}.json`, import.meta.url);
  const { methods, case: index } = JSON.parse(readFileSync(file, "utf8"));
  const { importance, cases } = architecture(name);
  const { explained, inputs } = cases[index ?? 0]!;
  const size = explained.reduce((sum, torque, j) => sum + importance[j]! * Math.abs(torque), 0);
  const { relevance, heatmap } = methods.dtd as Record<"relevance" | "heatmap", Record<string, EncodedArray>>;
  return { relevance: { ...relevance, ...heatmap }, size, inputs };
}

describe("what constants take is a share of its own, the rest of what the dense reference gives to inputs, in", () => {
  it.each([
    "act-ts17",
    "act-outside-dynamo23",
    "transformer-pre-class-dynamo23",
    "transformer-pre-class-ts17",
    "query-agent-ts17",
  ])("%s", async (name) => {
    const { card, importance } = architecture(name);
    const { relevance, size, inputs } = reference(name);
    const model = await loadModel(architecturePath(name));
    const policy = policyOf(model, { card: parseCard(JSON.stringify(card), name), source: name, folder: "." });
    const byInput = new Map(Object.entries(relevance).map(([input, array]) => [input, total(decode(array))]));
    const taken = 1 - total([...byInput.values()]) / size;
    expect(taken).toBeGreaterThan(0.02);
    for (const depth of ["full", "shares"] as const) {
      const { bytes, sharers } = compile(ofPolicy(policy), { depth });
      expect(sharers).toEqual([...policy.modalities.map((modality) => modality.name), "constants"]);
      const compiled = await session(bytes, "disabled");
      const alpha = tensor({ dtype: "float32", shape: [importance.length], values: importance });
      const outside = name.startsWith("act-outside") ? denormalised(feeds(inputs), policy.card.inputs) : feeds(inputs);
      const found = await compiled.run({ ...outside, "torquelens.importance": alpha });
      const shares = found["torquelens.shares"]!.data as Float32Array;
      // The reference loses a little at units without a positive weight, as DTD does.
      expect(Math.abs(shares.at(-1)! - taken)).toBeLessThan(3e-4);
      for (const [input, sum] of byInput) {
        const ofInput = policy.modalities.flatMap((modality, m) => (modality.input === input ? [shares[m]!] : []));
        expect(Math.abs(total(ofInput) - sum / size)).toBeLessThan(3e-4);
      }
      expect((found["torquelens.residual"]!.data as Float32Array)[0]).toBeLessThan(3e-4);
      await compiled.release();
    }
  });
});

/** Images in the units of the card, whose normalisation is outside of the policy. */
function denormalised(all: ReturnType<typeof feeds>, inputs: Readonly<Record<string, unknown>>) {
  for (const [name, entry] of Object.entries(inputs)) {
    const { mean, std } = entry as { mean?: number[]; std?: number[] };
    if (!mean || !std) continue;
    const { data, dims } = all[name]!;
    (data as Float32Array).forEach((x, i) => {
      const c = Math.floor(i / (dims[2]! * dims[3]!)) % dims[1]!;
      (data as Float32Array)[i] = x * std[c]! + mean[c]!;
    });
  }
  return all;
}

/** z⁺ of one output's relevance to inputs of a dense layer, Eq. 1 by the sign of the output. */
function shared(x: readonly number[], w: readonly number[], relevance: number): number[] {
  const parts = x.map((value, i) => Math.max(0, Math.sign(relevance) * value * w[i]!));
  return parts.map((part) => (part / total(parts)) * Math.abs(relevance));
}

describe("a constant beside the features", () => {
  const state = configuration(3);
  const token = [0.7, 0.3];
  const head = [0.5, -1, 0.8, 0.4, -0.6, 0.9, 1.1, -0.3, -0.2, 0.7];
  const joined = b.relu(b.concat([state, b.tensor("float32", [1, 2], token)], 1));
  const subject = subjectOf([state], dense(joined, 2, head));
  const x = [0.4, 0.9, 0.2, ...token];
  const columns = [0, 1].map((j) => x.map((_, i) => head[2 * i + j]!));
  const given = {
    configuration: { dtype: "float32", shape: [1, 3], data: Float32Array.from(x.slice(0, 3)) },
  } as const;

  it.each<Depth>(["shares", "full", "per-torque"])("takes what Eq. 1 gives it, at depth %s", async (depth) => {
    const alpha = [1.5, 0.5];
    const [found] = await explain(subject, given, { depth, importances: [alpha] });
    const each = columns.map((w) => shared(x, w, total(x.map((value, i) => value * w[i]!))));
    const ofToken = each.map((r) => r[3]! + r[4]!);
    const sizes = each.map(total);
    expect(found!["torquelens.torque_shares"]).toHaveLength(4);
    for (const j of [0, 1])
      expect(found!["torquelens.torque_shares"]![2 * j + 1]).toBeCloseTo(ofToken[j]! / sizes[j]!, 5);
    const weighted = (of: readonly number[]) => total(of.map((r, j) => alpha[j]! * r));
    expect(found!["torquelens.shares"]![1]).toBeCloseTo(weighted(ofToken) / weighted(sizes), 5);
    expect(found!["torquelens.residual"]![0]).toBeLessThan(1e-6);
  });

  it("of signed relevance is counted by size, and the sum is that of the torques", async () => {
    const [found] = await explain(subject, given, { method: "lrp-epsilon:epsilon=1e-9" });
    const parts = columns.map((w) => {
      const torque = total(x.map((value, i) => value * w[i]!));
      return x.map((value, i) => value * w[i]! * Math.sign(torque));
    });
    const sum = x.map((_, i) => parts[0]![i]! + parts[1]![i]!);
    const size = (of: readonly number[]) => total(of.map(Math.abs));
    expect(found!["torquelens.shares"]![1]).toBeCloseTo(size(sum.slice(3)) / size(sum), 4);
    expect(found!["torquelens.residual"]![0]).toBeLessThan(1e-4);
  });

  it("has no share by gradients, which have no place for it", () => {
    for (const method of ["gradient-x-input", "integrated-gradients:steps=2", "deeplift"])
      expect(compile(subject, { method }).sharers).toEqual(["configuration"]);
  });

  it("is refused a modality of its name", () => {
    const modality = { ...subject.modalities[0]!, name: "constants" };
    expect(() => compile({ ...subject, modalities: [modality] })).toThrow(
      'modality "constants": this is the name of what constants of the network take; give the modality another one',
    );
  });
});

describe("a constant beside hidden values is no part of a reference, behind a ReLU or before it", () => {
  const token = [0.7, 0.3];
  const head = [0.5, -1, 0.8, 0.4, -0.6, 0.9, 1.1, -0.3, -0.2, 0.7];
  const state = configuration(3);
  const first = dense(state, 3, 4);
  const beside = (x: Value) => b.concat([x, b.tensor("float32", [1, 2], token)], 1);
  const values = [0.4, -0.9, 0.2];
  const given = { configuration: { dtype: "float32", shape: [1, 3], data: Float32Array.from(values) } } as const;

  it.each<[string, Value]>([
    ["behind", beside(b.relu(first))],
    ["before", b.relu(beside(first))],
  ])("%s", async (_, joined) => {
    const weight = randoms(9, 4);
    const hidden = [0, 1, 2].map((j) => Math.max(0, total(values.map((v, i) => v * weight[3 * i + j]!))));
    const x = [...hidden, ...token];
    const columns = [0, 1].map((j) => x.map((_unused, i) => head[2 * i + j]!));
    const torques = columns.map((w) => total(x.map((v, i) => v * w[i]!)));
    const sizes = {
      dtd: columns.map((w, j) => shared(x, w, torques[j]!)),
      rap: columns.map((w, j) => influenced(x, w, torques[j]!)),
    };
    for (const [method, each] of Object.entries(sizes)) {
      const [found] = await explain(subjectOf([state], dense(joined, 2, head)), given, { method });
      for (const [j, r] of each.entries()) {
        const others = Array.from(found!["torquelens.torque_relevance.configuration"]!.slice(3 * j, 3 * j + 3));
        const taken = r[3]! + r[4]!;
        const size = taken + total(others.map(Math.abs));
        expect(total(others), method).toBeCloseTo(Math.abs(torques[j]!) - taken, 5);
        expect(found!["torquelens.torque_shares"]![2 * j + 1], method).toBeCloseTo(taken / size, 5);
      }
      expect(found!["torquelens.residual"]![0], method).toBeLessThan(1e-6);
    }
  });

  it("an initial state carries a torque where the step's input is silent", async () => {
    const before = b.tensor("float32", [1, 2], [0.3, -0.6]);
    const silent = b.relu(b.add(first, b.tensor("float32", [1, 3], [-9, -9, -9])));
    const torque = b.tanh(dense(b.concat([silent, before], 1), 2, head));
    for (const method of ["dtd", "rap"]) {
      const [found] = await explain(subjectOf([state], torque), given, { method });
      expect([...found!["torquelens.torque_shares"]!]).toEqual([0, 1, 0, 1]);
      expect(found!["torquelens.residual"]![0]).toBeLessThan(1e-6);
      expect([...found!["torquelens.empty_pool"]!]).toEqual([0, 0]);
    }
  });
});

/** RAP's relevance of one output to inputs of a dense layer: its size in proportion to |xw|. */
function influenced(x: readonly number[], w: readonly number[], relevance: number): number[] {
  const parts = x.map((value, i) => Math.abs(value * w[i]!));
  return parts.map((part) => (part / total(parts)) * Math.abs(relevance));
}

const one = (x: Value): Value => dense(b.relu(x), 2, 8);

it.each<[string, (x: Value) => Value]>([
  [
    "the largest of values and a constant",
    (x) => apply("Max", [x, b.mul(x, 0.5), b.tensor("float32", [1, 5], [0.1, 0.2, 0.3, 0.4, 0.5])]),
  ],
  ["a choice", (x) => b.where(b.greater(x, 0), x, b.tensor("float32", [1, 5], [0.1, 0.2, 0.3, 0.4, 0.5]))],
  [
    "updates added to constant data",
    (x) =>
      applyNode(
        "ScatterElements",
        [b.tensor("float32", [1, 7], [1, 1, 1, 1, 1, 1, 1]), b.tensor("int64", [1, 5], [0, 1, 2, 3, 4]), b.relu(x)],
        { axis: 1, reduction: "add" },
      ).outputs[0]!,
  ],
])("%s conserves with what the constant takes", async (_, of) => {
  const state = configuration(5);
  const subject = subjectOf([state], one(of(dense(state, 5, 3))));
  const [found] = await explain(subject, observation([state]), { method: "dtd" });
  expect(found!["torquelens.shares"]![1]).toBeGreaterThan(0.01);
  expect(found!["torquelens.residual"]![0]).toBeLessThan(1e-5);
});

describe("constants that a layer sees as zero", () => {
  const [camera, state] = [image(), configuration()];
  const features = b.relu(b.reshape(b.relu(b.conv(camera, weights([2, 3, 3, 3], 5))), [1, -1]));
  const policy = (x: Value) => subjectOf([camera, state], one(dense(b.concat([features, x], 1), 4, 7)));

  it("have no share where nothing joins them, or by rules that give nothing to zeros", () => {
    expect(compile(policy(state), { method: "dtd" }).sharers).toEqual(["image", "configuration"]);
    for (const method of ["rap", "lrp-gamma", "lrp-epsilon"])
      for (const constants of [b.zeros([1, 2]), b.tensor("float32", [1, 2], [0.5, 2])])
        expect(compile(policy(b.concat([state, constants], 1)), { method }).sharers).toEqual([
          "image",
          "configuration",
        ]);
  });

  // One hidden unit has contributions, which add up to 0.6; the other none, and all its inputs share by w⁺.
  const [speaking, silent] = [
    [1, -1, 0.5, 0.25],
    [-1, -2, 3, 1],
  ];
  const x = [0.8, 0.2, 0, 0];

  it.each([
    ["zeros", [0, 0]],
    ["a part of the reference", [0.3, -0.7]],
  ])("take what z⁺ gives to silent inputs: %s", async (_, constants) => {
    const q = configuration(2);
    const joined = b.concat([q, b.tensor("float32", [1, 2], constants)], 1);
    const weight = x.flatMap((_, i) => [speaking[i]!, silent[i]!]);
    const hidden = apply("Gemm", [joined, b.tensor("float32", [4, 2], weight), b.tensor("float32", [2], [0, 5])]);
    const subject = subjectOf([q], apply("Gemm", [apply("Elu", [hidden]), b.tensor("float32", [2, 1], [1, 1])]));
    const given = {
      configuration: { dtype: "float32", shape: [1, 2], data: Float32Array.from(x.slice(0, 2)) },
    } as const;
    const [found] = await explain(subject, given, { method: "dtd" });
    const offset = (row: readonly number[]) => constants.reduce((sum, c, i) => sum + c * row[2 + i]!, 0);
    const [first, second] = [speaking, silent].map(
      (row, j) => total(row.map((w, i) => w * x[i]!)) + offset(row) + 5 * j,
    ) as [number, number];
    // The second unit's weights above zero, 3 and 1, are those of the constants alone.
    expect(found!["torquelens.shares"]![1]).toBeCloseTo(second / (first + second), 5);
    expect(found!["torquelens.residual"]![0]).toBeLessThan(1e-6);
  });
});

describe("a memory", () => {
  const [q, memory] = [configuration(3), b.input("memory", "float32", [1, 4])];
  const hidden = b.tanh(dense(b.concat([q, memory], 1), 6, 5));
  const plain = subjectOf([q, memory], dense(hidden, 2, 8));
  const subject = {
    ...plain,
    modalities: plain.modalities.map((m) =>
      m.kind === "values" && m.input === "memory" ? { ...m, isCarried: true } : m,
    ),
  };
  const feeds = (values: readonly number[]) => ({
    configuration: { dtype: "float32", shape: [1, 3], data: Float32Array.from([0.4, -0.9, 0.2]) } as const,
    memory: { dtype: "float32", shape: [1, 4], data: Float32Array.from(values) } as const,
  });

  it.each<Depth>(["shares", "full", "per-torque"])(
    "of zeros is none, and constants take its part, at depth %s",
    async (depth) => {
      const [[known], [found], [full]] = await Promise.all([
        explain(plain, feeds([0, 0, 0, 0]), { depth }),
        explain(subject, feeds([0, 0, 0, 0]), { depth }),
        explain(subject, feeds([0, 0.5, 0, 0]), { depth }),
      ]);
      const [image, carried] = known!["torquelens.shares"]!;
      expect(carried).toBeGreaterThan(0.01);
      const shares = Array.from(found!["torquelens.shares"]!);
      expect(shares).toHaveLength(3);
      for (const [i, share] of [image!, 0, carried!].entries()) expect(shares[i]).toBeCloseTo(share, 6);
      expect(found!["torquelens.relevance.memory"]!.every((r) => r === 0)).toBe(true);
      expect(total(Array.from(found!["torquelens.torque_shares"]!))).toBeCloseTo(2, 5);
      expect(found!["torquelens.residual"]![0]).toBeLessThan(1e-6);
      // One that holds something keeps what arrives there, at its zeros too.
      expect(full!["torquelens.shares"]![1]).toBeGreaterThan(0.01);
      expect(full!["torquelens.shares"]![2]).toBe(0);
    },
  );

  it("has no share of constants by signed relevance", () => {
    for (const method of ["lrp-epsilon", "rap"]) expect(compile(subject, { method }).sharers).toHaveLength(2);
  });
});
