import { describe, expect, it } from "vitest";
import { apply, applyNode } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import type { Subject } from "#src/relevance/contract/subject.js";
import { float32, type TensorData } from "#src/runtime/session.js";
import { randoms, relativeError } from "../../evaluate.js";
import { plainSession } from "../../plain-session.js";
import { eq1, eq2 } from "../dense-oracle.js";
import { modalityOf, subjectOf } from "../subjects.js";
import { gelu, groupNorm, layerNorm } from "./forms.js";

/**
 * Rules of patterns in whole small networks, against the same in float64, written out from methods.md. Matrices are
 * rows of outputs: m[j][i] takes input i to output j.
 */

type Matrix = readonly Float64Array[];
type Vector = Float64Array;

const matrix = (rows: number, columns: number, seed: number): Matrix =>
  Array.from({ length: rows }, (_, j) => Float64Array.from(randoms(columns, seed + 100 * j)));
const vector = (size: number, seed: number): Vector => Float64Array.from(randoms(size, seed));
const constant = (m: Matrix): Value =>
  b.tensor(
    "float32",
    [m[0]!.length, m.length],
    Float64Array.from({ length: m.length * m[0]!.length }, (_, k) => m[k % m.length]![Math.floor(k / m.length)]!),
  );
const row = (v: Vector): Value => b.tensor("float32", [v.length], v);
const times = (m: Matrix, x: Vector): Vector => Float64Array.from(m, (r) => r.reduce((s, w, i) => s + w * x[i]!, 0));
const plus = (a: Vector, c: Vector): Vector => a.map((x, i) => x + c[i]!);
const layer = (x: Value, m: Matrix, bias: Vector): Value => apply("Gemm", [x, constant(m), row(bias)]);
const relu = (x: Vector): Vector => x.map((v) => Math.max(v, 0));
const sigmoid = (x: Vector): Vector => x.map((v) => 1 / (1 + Math.exp(-v)));
const signs = (m: Matrix, gain: Vector): Matrix => m.map((r, j) => r.map((w) => w * Math.sign(gain[j]!)));
const proportional = (m: Matrix, x: Vector, r: Vector): Vector => eq2({ m, x, r, b: new Float64Array(m.length) });
const atTorque = (m: Matrix, x: Vector, r: Vector): Vector => eq1({ m, x, r, b: new Float64Array(m.length) });

async function relevance(subject: Subject, feeds: Record<string, TensorData>, method = "dtd") {
  const session = await plainSession(compile(subject, { method }).bytes);
  const torques = subject.graph.outputs.get("torque")!.shape.at(-1)!;
  const outputs = await session.run({
    ...feeds,
    "torquelens.importance": float32(new Float32Array(torques).fill(1), [torques]),
  });
  await session.release();
  return (name: string) => outputs[name]!.data as Float32Array;
}

/** (y − mean)/σ·γ + β over all of y. */
function normalised(y: Vector, gain: Vector, shift: Vector): { out: Vector; deviation: number } {
  const mean = y.reduce((a, v) => a + v, 0) / y.length;
  const deviation = Math.sqrt(y.reduce((a, v) => a + (v - mean) ** 2, 0) / y.length + 1e-5);
  return { out: y.map((v, j) => ((v - mean) / deviation) * gain[j]! + shift[j]!), deviation };
}

describe("a normalisation right after a linear layer", () => {
  const [m, bias, head] = [matrix(6, 5, 1), vector(6, 2), matrix(2, 6, 3)];
  const [gain, shift] = [vector(6, 21), vector(6, 22)];
  const x = b.input("x", "float32", [1, 5]);
  const hidden = b.relu(layerNorm(layer(x, m, bias)));
  const subject = subjectOf([x], layer(hidden, head, new Float64Array(2)));
  const seen = vector(5, 7);
  const feeds = { x: float32(seen, [1, 5]) };
  const { out, deviation } = normalised(plus(times(m, seen), bias), gain, shift);
  const torque = times(head, relu(out));

  it("folds the scale's sign into the weights, the rest counts as bias", async () => {
    expect(gain.some((g) => g < 0) && gain.some((g) => g > 0)).toBe(true);
    const expected = proportional(signs(m, gain), seen, atTorque(head, relu(out), torque));
    const found = await relevance(subject, feeds);
    expect(relativeError(found("torquelens.relevance.x"), expected)).toBeLessThan(1e-5);
    expect(found("torquelens.residual")[0]).toBeLessThan(1e-5);
  });

  it("by the ε rule: contributions over the normalised output", async () => {
    const after = new Float64Array(6);
    const before = new Float64Array(5);
    torque.forEach((tau, k) => {
      relu(out).forEach((h, j) => {
        after[j]! += ((h * head[k]![j]!) / tau) * Math.abs(tau);
      });
    });
    after.forEach((r, j) => {
      seen.forEach((value, i) => {
        before[i]! += ((value * m[j]![i]! * gain[j]!) / deviation / out[j]!) * r;
      });
    });
    const found = await relevance(subject, feeds, "lrp-epsilon:epsilon=1e-9");
    expect(relativeError(found("torquelens.relevance.x"), before)).toBeLessThan(1e-3);
  });

  it("relevance of an output without a positive weight goes to all its inputs by weight", async () => {
    const against = m.map((r, j) => (j < 3 ? r.map((w) => -Math.abs(w) * Math.sign(gain[j]!)) : r));
    const input = vector(5, 8).map(Math.abs);
    const y = normalised(plus(times(against, input), bias), gain, shift).out;
    const torques = times(head, relu(y));
    const r = atTorque(head, relu(y), torques);
    const folded = signs(against, gain).map((w, j) => (j < 3 ? w.map(Math.abs) : w));
    const net = subjectOf([x], layer(b.relu(layerNorm(layer(x, against, bias))), head, new Float64Array(2)));
    const found = await relevance(net, { x: float32(input, [1, 5]) });
    expect(relativeError(found("torquelens.relevance.x"), proportional(folded, input, r))).toBeLessThan(1e-5);
    expect(found("torquelens.residual")[0]).toBeLessThan(1e-5);
  });

  it("GroupNorm of a convolution, in groups", async () => {
    const kernel = randoms(4 * 2 * 3, 5);
    const picture = b.input("x", "float32", [1, 2, 6]);
    const maps = b.conv(picture, b.tensor("float32", [4, 2, 3], kernel));
    const last = matrix(2, 16, 6);
    const torques = layer(b.reshape(b.relu(groupNorm(maps, 2)), [1, 16]), last, new Float64Array(2));
    const input = vector(12, 9);
    // Rows are outputs (channel, place), columns inputs (channel, place).
    const unrolled = Array.from({ length: 16 }, (_, out) => {
      const [k, place] = [Math.floor(out / 4), out % 4];
      return Float64Array.from({ length: 12 }, (_, i) => {
        const [c, at] = [Math.floor(i / 6), (i % 6) - place];
        return at >= 0 && at < 3 ? kernel[(k * 2 + c) * 3 + at]! : 0;
      });
    });
    const channel = (values: Vector) => Float64Array.from({ length: 16 }, (_, out) => values[Math.floor(out / 4)]!);
    const [g, s] = [channel(vector(4, 21)), channel(vector(4, 22))];
    const y = times(unrolled, input);
    const halves = [0, 8].map((at) => normalised(y.slice(at, at + 8), g.slice(at, at + 8), s.slice(at, at + 8)).out);
    const h = relu(Float64Array.from([...halves[0]!, ...halves[1]!]));
    const r = atTorque(last, h, times(last, h));
    const found = await relevance(subjectOf([picture], torques), { x: float32(input, [1, 2, 6]) });
    expect(relativeError(found("torquelens.relevance.x"), proportional(signs(unrolled, g), input, r))).toBeLessThan(
      1e-5,
    );
  });
});

describe("a residual stream", () => {
  it("normalisation and GELU pass relevance unchanged", async () => {
    const [m, head] = [matrix(4, 4, 1), matrix(2, 4, 2)];
    const none = new Float64Array(4);
    const x = b.input("x", "float32", [1, 4]);
    const stream = layerNorm(b.add(x, gelu(layer(x, m, none))));
    const seen = vector(4, 5);
    const found = await relevance(subjectOf([x], layer(stream, head, new Float64Array(2))), {
      x: float32(seen, [1, 4]),
    });
    const inner = times(m, seen);
    const erf = (v: number) => {
      let sum = 0;
      for (let k = 0, term = v; k < 60; k++, term *= (-v * v) / k) sum += term / (2 * k + 1);
      return (2 / Math.sqrt(Math.PI)) * sum;
    };
    const curved = inner.map((v) => (v / 2) * (1 + erf(v / Math.SQRT2)));
    const { out } = normalised(plus(seen, curved), vector(4, 21), vector(4, 22));
    const r = atTorque(head, out, times(head, out));
    const parts = seen.map((v, i) => {
      const [p, q] = [Math.max(v, 0), Math.max(curved[i]!, 0)];
      return p + q > 0 ? p / (p + q) : Math.abs(v) / (Math.abs(v) + Math.abs(curved[i]!));
    });
    const direct = r.map((amount, i) => amount * parts[i]!);
    const through = proportional(
      m,
      seen,
      r.map((amount, i) => amount * (1 - parts[i]!)),
    );
    expect(relativeError(found("torquelens.relevance.x"), plus(direct, through))).toBeLessThan(1e-4);
    expect(found("torquelens.residual")[0]).toBeLessThan(1e-5);
  });
});

describe("attention", () => {
  const [tokens, width] = [4, 3];
  const [q, k, v] = [matrix(width, width, 1), matrix(width, width, 2), matrix(width, width, 3)];
  const head = matrix(2, tokens * width, 4);
  const x = b.input("x", "float32", [1, tokens, width]);
  const seen = vector(tokens * width, 5);
  const token = (n: number) => seen.slice(n * width, (n + 1) * width);

  it("is a linear layer of the values, with the attention as weights", async () => {
    const [Q, K, V] = [q, k, v].map((m) => b.matmul(x, constant(m))) as [Value, Value, Value];
    const a = b.softmax(b.div(b.matmul(Q, b.transpose(K, [0, 2, 1])), Math.sqrt(width)));
    const torque = layer(b.reshape(b.matmul(a, V), [1, tokens * width]), head, new Float64Array(2));
    const found = await relevance(subjectOf([x], torque), { x: float32(seen, [1, tokens, width]) });

    const weights = Array.from({ length: tokens }, (_, n) => {
      const query = times(q, token(n));
      const logits = Array.from({ length: tokens }, (_, s) => {
        const key = times(k, token(s));
        return Math.exp(query.reduce((sum, value, i) => sum + value * key[i]!, 0) / Math.sqrt(width));
      });
      const total = logits.reduce((sum, value) => sum + value, 0);
      return Float64Array.from(logits, (value) => value / total);
    });
    const values = Array.from({ length: tokens }, (_, n) => times(v, token(n)));
    const mixed = new Float64Array(tokens * width);
    for (let n = 0; n < tokens; n++)
      for (let d = 0; d < width; d++)
        mixed[n * width + d] = weights[n]!.reduce((sum, w, s) => sum + w * values[s]![d]!, 0);
    const r = atTorque(head, mixed, times(head, mixed));
    const ofValues = Array.from({ length: width }, (_, d) =>
      proportional(
        weights,
        Float64Array.from(values, (value) => value[d]!),
        Float64Array.from({ length: tokens }, (_, n) => r[n * width + d]!),
      ),
    );
    const expected = Array.from({ length: tokens }, (_, n) =>
      Array.from(
        proportional(
          v,
          token(n),
          Float64Array.from(ofValues, (column) => column[n]!),
        ),
      ),
    ).flat();
    expect(relativeError(found("torquelens.relevance.x"), expected)).toBeLessThan(1e-4);
  });

  it("without a softmax, each factor of a product of two signals gets half", async () => {
    const positive = seen.map(Math.abs);
    const [Q, K, V] = [q, k, v].map((m) => b.matmul(x, constant(m.map((r) => r.map(Math.abs))))) as [
      Value,
      Value,
      Value,
    ];
    const mixed = b.matmul(b.matmul(Q, b.transpose(K, [0, 2, 1])), V);
    const torque = layer(b.reshape(mixed, [1, tokens * width]), head, new Float64Array(2));
    const found = await relevance(subjectOf([x], torque), { x: float32(positive, [1, tokens, width]) });
    expect(found("torquelens.residual")[0]).toBeLessThan(1e-5);
    expect(Math.min(...found("torquelens.relevance.x"))).toBeGreaterThanOrEqual(0);
  });
});

describe("recurrent cells", () => {
  const [inputs, units] = [3, 4];
  const head = matrix(2, units, 4);
  const [x, h, c] = [
    b.input("x", "float32", [1, inputs]),
    b.input("h", "float32", [1, units]),
    b.input("c", "float32", [1, units]),
  ];
  const [seen, hidden, cell] = [vector(inputs, 5), vector(units, 6), vector(units, 7)];
  const feeds = { x: float32(seen, [1, inputs]), h: float32(hidden, [1, units]), c: float32(cell, [1, units]) };
  const both = Float64Array.from([...seen, ...hidden]);

  it("an LSTM's signals take all, its gates nothing (Arras et al. 2019)", async () => {
    const m = matrix(4 * units, inputs + units, 1);
    const bias = vector(4 * units, 2);
    const gates = applyNode(
      "Split",
      [layer(b.concat([x, h], 1), m, bias), b.int64([4, 4, 4, 4])],
      { axis: 1 },
      { outputCount: 4 },
    );
    const [i, f, g, o] = gates.outputs as [Value, Value, Value, Value];
    const next = b.add(b.mul(b.sigmoid(f), c), b.mul(b.sigmoid(i), b.tanh(g)));
    const torque = layer(b.mul(b.sigmoid(o), b.tanh(next)), head, new Float64Array(2));
    const subject = subjectOf([x, h, c], torque, [x, h, c].map(modalityOf));
    const found = await relevance(subject, feeds);

    const all = plus(times(m, both), bias);
    const part = (n: number) => all.slice(n * units, (n + 1) * units);
    const [kept, added] = [
      sigmoid(part(1)).map((gate, j) => gate * cell[j]!),
      sigmoid(part(0)).map((gate, j) => gate * Math.tanh(part(2)[j]!)),
    ];
    const out = sigmoid(part(3)).map((gate, j) => gate * Math.tanh(kept[j]! + added[j]!));
    const r = atTorque(head, out, times(head, out));
    const share = kept.map((a, j) => {
      const d = added[j]!;
      const [p, n] = [Math.max(a, 0), Math.max(d, 0)];
      return p + n > 0 ? p / (p + n) : Math.abs(a) / (Math.abs(a) + Math.abs(d));
    });
    const toCell = r.map((amount, j) => amount * share[j]!);
    const toBoth = proportional(
      m.slice(2 * units, 3 * units),
      both,
      r.map((amount, j) => amount * (1 - share[j]!)),
    );
    expect(relativeError(found("torquelens.relevance.c"), toCell)).toBeLessThan(1e-5);
    expect(relativeError(found("torquelens.relevance.x"), toBoth.slice(0, inputs))).toBeLessThan(1e-5);
    expect(relativeError(found("torquelens.relevance.h"), toBoth.slice(inputs))).toBeLessThan(1e-5);
    expect(found("torquelens.residual")[0]).toBeLessThan(1e-5);
  });

  it("a GRU's too: (1 − z)·n + z·h, n = tanh(W x + r·(U h))", async () => {
    const [w, u] = [matrix(3 * units, inputs, 1), matrix(3 * units, units, 2)];
    const none = new Float64Array(3 * units);
    const split = (value: Value) =>
      applyNode("Split", [value, b.int64([4, 4, 4])], { axis: 1 }, { outputCount: 3 }).outputs as readonly [
        Value,
        Value,
        Value,
      ];
    const [[zx, rx, nx], [zh, rh, nh]] = [split(layer(x, w, none)), split(layer(h, u, none))];
    const [z, gate] = [b.sigmoid(b.add(zx, zh)), b.sigmoid(b.add(rx, rh))];
    const n = b.tanh(b.add(nx, b.mul(gate, nh)));
    const next = b.add(b.mul(b.sub(1, z), n), b.mul(z, h));
    const subject = subjectOf([x, h], layer(next, head, new Float64Array(2)), [x, h].map(modalityOf));
    const found = await relevance(subject, { x: feeds.x, h: feeds.h });
    expect(found("torquelens.residual")[0]).toBeLessThan(1e-5);

    const [px, ph] = [times(w, seen), times(u, hidden)];
    const at = (v: Vector, k: number) => v.slice(k * units, (k + 1) * units);
    const [zs, rs] = [sigmoid(plus(at(px, 0), at(ph, 0))), sigmoid(plus(at(px, 1), at(ph, 1)))];
    const gated = at(ph, 2).map((value, j) => rs[j]! * value);
    const candidate = plus(at(px, 2), gated).map(Math.tanh);
    const [fresh, kept] = [candidate.map((v, j) => (1 - zs[j]!) * v), hidden.map((v, j) => zs[j]! * v)];
    const out = plus(fresh, kept);
    const r = atTorque(head, out, times(head, out));
    const shareOf = (a: Vector, d: Vector) =>
      a.map((v, j) => {
        const [p, q] = [Math.max(v, 0), Math.max(d[j]!, 0)];
        return p + q > 0 ? p / (p + q) : Math.abs(v) / (Math.abs(v) + Math.abs(d[j]!));
      });
    const toFresh = shareOf(fresh, kept).map((part, j) => part * r[j]!);
    const toInput = shareOf(at(px, 2), gated).map((part, j) => part * toFresh[j]!);
    const ofX = proportional(w.slice(2 * units), seen, toInput);
    const ofH = proportional(
      u.slice(2 * units),
      hidden,
      toFresh.map((amount, j) => amount - toInput[j]!),
    );
    expect(relativeError(found("torquelens.relevance.x"), ofX)).toBeLessThan(1e-5);
    expect(
      relativeError(
        found("torquelens.relevance.h"),
        plus(
          ofH,
          r.map((amount, j) => amount - toFresh[j]!),
        ),
      ),
    ).toBeLessThan(1e-5);
  });
});

describe("products", () => {
  const [x, c] = [b.input("x", "float32", [1, 3]), b.input("c", "float32", [1, 3])];
  const feeds = { x: float32([1, 2, 3], [1, 3]), c: float32([1, -3, 0], [1, 3]) };
  const ones = [Float64Array.of(1, 1, 1)];
  const asked = async (product: Value) => {
    const found = await relevance(subjectOf([x, c], layer(product, ones, new Float64Array(1))), feeds);
    expect(found("torquelens.residual")[0]).toBeLessThan(1e-5);
    return [found("torquelens.relevance.x"), found("torquelens.relevance.c")].map((r) =>
      Array.from(r, (v) => +v.toFixed(4)),
    );
  };

  it("of two signals halve", async () => {
    // The torque is 1·1 − 2·3 + 0 < 0: what agrees with it is the second product.
    expect(await asked(b.mul(x, c))).toEqual([
      [0, 2.5, 0],
      [0, 2.5, 0],
    ]);
  });

  it("by 1 + γ: γ has half of x·γ, x the rest", async () => {
    // Torque 2 − 4 + 3 = 1, agreeing 2 and 3: 0.4 and 0.6.
    const [ofX, ofC] = await asked(b.mul(x, b.add(c, 1)));
    expect(ofX).toEqual([0.3, 0, 0.6]);
    expect(ofC).toEqual([0.1, 0, 0]);
  });

  it("quotients: relevance goes to the dividend, and to the divisor with its sign flipped if the dividend is constant", async () => {
    const [ofX, ofC] = await asked(b.div(x, b.sigmoid(c)));
    expect(ofC).toEqual([0, 0, 0]);
    expect(ofX!.every((r) => r > 0)).toBe(true);
    const found = await relevance(subjectOf([x], layer(b.div(6, x), ones, new Float64Array(1))), { x: feeds.x });
    expect(Array.from(found("torquelens.relevance.x"))).toEqual([6, 3, 2]);
  });

  it("by a sigmoid go to the signal", async () => {
    const [ofX, ofC] = await asked(b.mul(x, b.sigmoid(c)));
    expect(ofC).toEqual([0, 0, 0]);
    expect(ofX!.every((r) => r > 0)).toBe(true);
  });
});

describe("tokens", () => {
  it("get the sum of their rows; learned constants next to them take their part", async () => {
    const ids = b.input("ids", "int64", [1, 3]);
    const table = matrix(2, 5, 1); // [row length, rows]
    const rows = apply("Gather", [constant(table), ids]);
    const head = matrix(2, 6, 2);
    const torque = layer(b.reshape(rows, [1, 6]), head, new Float64Array(2));
    const modality = {
      ...modalityOf(ids),
      kind: "values",
      reference: { kind: "zero", values: new Float64Array(3) },
    } as const;
    const subject = subjectOf([ids], torque, [modality as never]);
    const picked = [4, 0, 4];
    const feeds = { ids: { dtype: "int64", shape: [1, 3], data: BigInt64Array.from(picked, BigInt) } } as const;
    const found = await relevance(subject, feeds);
    const flat = Float64Array.from(picked.flatMap((id) => table.map((r) => r[id]!)));
    const r = atTorque(head, flat, times(head, flat));
    expect(
      relativeError(
        found("torquelens.relevance.ids"),
        [0, 2, 4].map((i) => r[i]! + r[i + 1]!),
      ),
    ).toBeLessThan(1e-5);
    expect(found("torquelens.residual")[0]).toBeLessThan(1e-5);

    const learned = b.concat([b.reshape(rows, [1, 6]), b.tensor("float32", [1, 2], vector(2, 3))], 1);
    const wide = compile(
      subjectOf([ids], layer(b.relu(learned), matrix(2, 8, 5), new Float64Array(2)), [modality as never]),
    );
    expect(wide.rules.find(({ op }) => op === "Concat")?.constants).toBe(true);
  });
});

describe("refused", () => {
  const x = b.input("x", "float32", [1, 4]);
  it("an index, naming its node", () => {
    const index = applyNode("ArgMax", [x], { axis: 1 }, { name: "best" }).outputs[0]!;
    const rows = apply("Gather", [b.tensor("float32", [4, 2], randoms(8, 1)), index]);
    const subject = subjectOf([x], layer(b.reshape(rows, [1, 2]), matrix(2, 2, 2), new Float64Array(2)));
    for (const method of ["dtd", "lrp-epsilon", "gradient", "deeplift"])
      expect(() => compile(subject, { method })).toThrow('node "best" (ArgMax): an index does not say how much');
  });

  it("probabilities that are neither weights nor torques, naming the node", () => {
    const p = applyNode("Softmax", [x], { axis: -1 }, { name: "policy" }).outputs[0]!;
    const subject = subjectOf([x], layer(p, matrix(2, 4, 2), new Float64Array(2)));
    expect(() => compile(subject)).toThrow('node "policy" (Softmax): Softmax is explained only');
  });
});
