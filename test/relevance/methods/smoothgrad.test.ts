import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { compile } from "#src/relevance/compile.js";
import { keyOf, normals } from "#src/relevance/methods/noise.js";
import { methodNamed } from "#src/relevance/methods.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate, randoms, relativeError } from "../../evaluate.js";
import { activations, GATES, policyOfMlp, randomMlp, slowGradient } from "../slow-mlp.js";
import { slowNormals } from "../slow-noise.js";
import { configuration, DEPTHS, dense, explain, image, observation, subjectOf, total, weights } from "../subjects.js";

const RELEVANCE = "torquelens.relevance.configuration";

async function noise(size: number, seed: number, stream: number, step: number): Promise<Float64Array> {
  const i = b.input("i", "int64", []);
  const { z } = await evaluate(
    [i],
    { z: normals([size], keyOf(seed, stream, i)) },
    {
      i: { dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(step)) },
    },
  );
  return z!;
}

describe("noise", () => {
  it.each([
    [1, 0, 0, 0],
    [7, 1, 0, 5],
    [1000, 123456789, 3, 49],
    [501, 2 ** 32 - 1, 1, 2 ** 20],
  ])("of %i numbers, seed %i, stream %i, step %i is what 32-bit integers make of it", async (...of) => {
    expect(relativeError(await noise(...of), slowNormals(...of))).toBeLessThan(1e-5);
  });

  it("is normal, and unrelated between steps, streams and seeds", () => {
    const n = 200_000;
    const [first, ...others] = [
      [0, 0, 0],
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ].map(([seed, stream, step]) => slowNormals(n, seed!, stream!, step!));
    const moment = (k: number) => first!.reduce((sum, z) => sum + z ** k, 0) / n;
    expect(moment(1)).toBeCloseTo(0, 1.9);
    expect(moment(2)).toBeCloseTo(1, 1.5);
    expect(moment(3)).toBeCloseTo(0, 1);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
    const related = (other: Float64Array, shift: number) =>
      Math.abs(first!.reduce((sum, z, i) => sum + z * other[(i + shift) % n]!, 0) / n);
    for (const other of others)
      for (const shift of [0, 1, 2, 240, n / 2]) expect(related(other, shift)).toBeLessThan(0.015);
    for (const shift of [1, 2, 240, n / 2]) expect(related(first!, shift)).toBeLessThan(0.015);
  });
});

describe("smoothgrad on explicit matrices", () => {
  const mlp = randomMlp([4, 8, 6, 3], 3);
  const x = randoms(4, 9, -2, 2);
  const feeds = { configuration: float32(x, [1, 4]) };
  const torques = activations(mlp, x).at(-1)!;
  const size = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / 4);

  it.each([
    { base: "gradient", gates: GATES.gradient, times: false },
    { base: "gradient-x-input", gates: GATES.gradient, times: true },
    { base: "guided-backprop", gates: GATES.guided, times: true },
    { base: "deconvnet:raw=true", gates: GATES.rectified, times: false },
  ])("over $base", async ({ base, gates, times }) => {
    const alpha = [0.5, 1, 1.5];
    const [out] = await explain(policyOfMlp(mlp), feeds, {
      method: `smoothgrad:base=${base},n=6,sigma=0.3,seed=5`,
      importances: [alpha],
    });
    const expected = new Float64Array(4);
    for (let step = 0; step < 6; step++) {
      const at = slowNormals(4, 5, 0, step).map((z, i) => x[i]! + 0.3 * size * z);
      slowGradient(mlp, at, gates, torques.map(Math.sign)).forEach((row, j) => {
        for (const i of row.keys()) expected[i]! += (alpha[j]! * row[i]! * (times ? at[i]! : 1)) / 6;
      });
    }
    expect(relativeError(out![RELEVANCE]!, expected)).toBeLessThan(2e-5);
  });
});

describe("smoothgrad of a policy", () => {
  const x = image("image", [1, 3, 8, 8]);
  const q = configuration(4);
  const maps = b.relu(
    b.conv(b.relu(b.conv(x, weights([4, 3, 3, 3], 1), {}, weights([4], 7))), weights([4, 4, 3, 3], 2)),
  );
  const pooled = b.reshape(apply("MaxPool", [maps], { kernel_shape: [2, 2], strides: [2, 2] }), [1, 16]);
  const subject = subjectOf([x, q], dense(b.relu(dense(b.concat([pooled, q], 1), 6, 4)), 3, 5));
  const feeds = observation([x, q], 4);
  const run = async (method: string, depth: (typeof DEPTHS)[number] = "full") =>
    (await explain(subject, feeds, { method, depth }))[0]!;

  it.each([
    "dtd",
    "gradient-x-input",
    "guided-backprop",
    "lrp-gamma:gamma=1;bias=ignore",
    "fusion",
    "integrated-gradients:steps=5",
  ])("over %s is the method itself as the noise vanishes, at every depth", async (base) => {
    for (const depth of DEPTHS) {
      const plain = await run(base.replaceAll(";", ","), depth);
      const smooth = await run(`smoothgrad:base=${base},n=2,sigma=1e-6`, depth);
      expect(Object.keys(smooth)).toEqual(Object.keys(plain));
      for (const name of Object.keys(plain)) {
        const error = Math.abs(total(plain[name]!)) < 1e-6 ? 0 : relativeError(smooth[name]!, plain[name]!);
        if (name !== "torquelens.residual") expect(error, `${depth} ${name}`).toBeLessThan(1e-3);
      }
    }
  });

  it("gives the same numbers again, and others with another seed", async () => {
    const [once, again, other] = [await run("smoothgrad"), await run("smoothgrad"), await run("smoothgrad:seed=1")];
    expect(again).toEqual(once);
    expect(relativeError(other["torquelens.heatmap.image"]!, once["torquelens.heatmap.image"]!)).toBeGreaterThan(1e-3);
  });

  it("disturbs images only, where asked", async () => {
    const only = await run("smoothgrad:base=gradient-x-input,noise=images,n=3");
    expect(Object.values(only).every((values) => values.every(Number.isFinite))).toBe(true);
    const state = subjectOf([q], dense(b.tanh(dense(q, 5, 1)), 2, 2));
    const of = async (method: string) => (await explain(state, feeds, { method }))[0]![RELEVANCE]!;
    const plain = await of("gradient-x-input");
    expect(relativeError(await of("smoothgrad:noise=images,n=3"), plain)).toBeLessThan(1e-6);
    expect(relativeError(await of("smoothgrad:n=3"), plain)).toBeGreaterThan(1e-3);
  });

  it("conserves on average where its base conserves, and holds the network twice", async () => {
    const out = await run("smoothgrad:base=dtd,n=200,sigma=0.02");
    expect(out["torquelens.residual"]![0]).toBeLessThan(0.05);
    const size = (n: number) => compile(subject, { method: `smoothgrad:n=${n}` }).bytes.byteLength;
    expect(Math.abs(size(500) - size(2))).toBeLessThan(64);
  });

  it("refuses itself and unknown methods in one line", () => {
    expect(() => methodNamed("smoothgrad:base=smoothgrad:n=2")).toThrow(
      "method smoothgrad: expected another method as its base",
    );
    expect(() => methodNamed("smoothgrad:base=lime")).toThrow(/^method lime is unknown; known are dtd/);
    expect(methodNamed("smoothgrad:base=lrp-gamma:gamma=1;bias=ignore,n=4").spec).toBe(
      "smoothgrad:base=lrp-gamma:gamma=1;bias=ignore,n=4",
    );
  });
});
