import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { compile } from "#src/relevance/compile.js";
import { QUADRATURES } from "#src/relevance/methods/quadrature.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../../evaluate.js";
import { activations, GATES, policyOfMlp, randomMlp, slowGradient } from "../slow-mlp.js";
import { configuration, dense, explain, image, observation, subjectOf, total, weights } from "../subjects.js";

const RELEVANCE = "torquelens.relevance.configuration";
const TORQUES = "torquelens.torque_relevance.configuration";

describe.each(Object.entries(QUADRATURES))("quadrature %s", (name, rule) => {
  it.each([1, 2, 3, 7, 50])("of %i points has weights that add up to 1, and points in order in [0, 1]", (n) => {
    const { points, weights } = rule(n);
    expect(points).toHaveLength(n);
    expect(total(weights)).toBeCloseTo(1, 12);
    expect(Math.min(...weights)).toBeGreaterThan(0);
    expect(Array.from(points)).toEqual(Array.from(points).sort((x, y) => x - y));
    expect(Math.min(...points)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...points)).toBeLessThanOrEqual(1);
  });

  it("integrates polynomials of its degree", () => {
    const degree = { "gauss-legendre": 19, midpoint: 1, trapezoid: 1, left: 0, right: 0 }[name]!;
    const { points, weights } = rule(10);
    for (let k = 0; k <= degree; k++)
      expect(points.reduce((sum, t, i) => sum + weights[i]! * t ** k, 0)).toBeCloseTo(1 / (k + 1), 12);
  });
});

describe("integrated gradients of a network on explicit matrices", () => {
  const mlp = randomMlp([4, 8, 6, 3], 3);
  const x = randoms(4, 9, -2, 2);
  const reference = [0.5, -1, 0, 2];
  const plain = policyOfMlp(mlp);
  const [modality] = plain.modalities;
  const subject = {
    ...plain,
    modalities: [{ ...modality!, reference: { kind: "values", values: reference } } as typeof modality & {}],
  };
  const feeds = { configuration: float32(x, [1, 4]) };
  const torques = activations(mlp, x).at(-1)!;

  it.each(
    Object.keys(QUADRATURES).flatMap((quadrature) =>
      (["reference", "zero"] as const).flatMap((baseline) => [1, 6].map((steps) => ({ quadrature, baseline, steps }))),
    ),
  )("$steps steps of $quadrature from $baseline", async ({ quadrature, baseline, steps }) => {
    const method = `integrated-gradients:steps=${steps},baseline=${baseline},quadrature=${quadrature}`;
    const alpha = [0.3, 1.1, 2];
    const [out] = await explain(subject, feeds, { method, importances: [alpha] });
    const from = baseline === "zero" ? [0, 0, 0, 0] : reference;
    const { points, weights } = QUADRATURES[quadrature as keyof typeof QUADRATURES](steps);
    const expected = Array.from(torques, () => new Float64Array(4));
    points.forEach((t, k) => {
      const at = from.map((start, i) => start + t * (x[i]! - start));
      slowGradient(mlp, at, GATES.gradient, torques.map(Math.sign)).forEach((row, j) => {
        for (const i of row.keys()) expected[j]![i]! += weights[k]! * row[i]! * (x[i]! - from[i]!);
      });
    });
    expect(
      relativeError(
        out![TORQUES]!,
        expected.flatMap((row) => [...row]),
      ),
    ).toBeLessThan(1e-5);
    const weighted = expected[0]!.map((_, i) => alpha.reduce((sum, a, j) => sum + a * expected[j]![i]!, 0));
    expect(relativeError(out![RELEVANCE]!, weighted)).toBeLessThan(1e-5);
  });

  it("adds up to the torque minus the torque at the baseline, more exactly with more steps", async () => {
    const atReference = activations(mlp, reference).at(-1)!;
    const errors: number[] = [];
    for (const steps of [3, 30, 300]) {
      const [out] = await explain(subject, feeds, {
        method: `integrated-gradients:steps=${steps},quadrature=midpoint`,
      });
      const missing = torques.map((torque, j) => {
        const difference = Math.sign(torque) * (torque - atReference[j]!);
        return Math.abs(total(out![TORQUES]!.slice(4 * j, 4 * j + 4)) - difference);
      });
      errors.push(Math.max(...missing) / Math.max(...torques.map(Math.abs)));
    }
    expect(errors[2]).toBeLessThan(2e-3);
    expect(errors[2]).toBeLessThan(errors[0]!);
  });
});

describe("integrated gradients of a policy", () => {
  const x = image("image", [1, 3, 8, 8]);
  const q = configuration(4);
  const maps = b.relu(b.conv(x, weights([4, 3, 3, 3], 1), {}, weights([4], 7)));
  const points = b.reshape(b.matmul(b.softmax(b.reshape(maps, [4, 36])), weights([36, 2], 3)), [1, 8]);
  const torque = dense(b.tanh(dense(b.concat([points, b.mul(q, b.sigmoid(q))], 1), 5, 4)), 3, 5);
  const subject = subjectOf([x, q], torque);
  const feeds = observation([x, q], 4);

  /** The torques where a method's way begins. */
  const torqueAt = async (feeds: ReturnType<typeof observation>) =>
    (await explain(subject, feeds, { method: "gradient" }))[0]!.torque!;
  const pixels = feeds.image!.data as Float32Array;
  const meanColour = Float32Array.from({ length: 192 }, (_, i) => {
    const channel = Math.floor(i / 64);
    return total(pixels.slice(64 * channel, 64 * channel + 64)) / 64;
  });
  const starts: Record<string, Float32Array> = {
    zero: new Float32Array(192),
    black: new Float32Array(192),
    white: new Float32Array(192).fill(1),
    mean: meanColour,
  };

  it.each(Object.keys(starts))("is complete from %s, at every depth", async (baseline) => {
    const start = { image: float32(starts[baseline]!, x.shape), configuration: float32(new Float32Array(4), q.shape) };
    const [from, to] = [await torqueAt(start), await torqueAt(feeds)];
    const expected = total(to.map((torque, j) => Math.sign(torque) * (torque - from[j]!)));
    for (const depth of ["heatmap", "full", "per-torque"] as const) {
      const [out] = await explain(subject, feeds, {
        depth,
        method: `integrated-gradients:baseline=${baseline},steps=1000,quadrature=midpoint`,
      });
      expect(total(out!["torquelens.heatmap.image"]!) + total(out![RELEVANCE]!)).toBeCloseTo(expected, 3);
    }
  });

  it("is zero from the observation itself", async () => {
    const [out] = await explain(
      subject,
      { image: float32(starts.white!, x.shape), configuration: float32(new Float32Array(4), q.shape) },
      { method: "integrated-gradients:baseline=white" },
    );
    expect(out!["torquelens.heatmap.image"]!.every((r) => r === 0)).toBe(true);
    expect(out![RELEVANCE]!.every((r) => r === 0)).toBe(true);
  });

  it("of tokens integrates from a zero embedding to theirs", async () => {
    const tokens = b.input("tokens", "int64", [1, 3]);
    const table = weights([6, 4], 3);
    const hidden = b.tanh(dense(b.reshape(apply("Gather", [table, tokens]), [1, 12]), 6, 1));
    const bilingual = subjectOf([tokens], dense(hidden, 1, 2));
    const ids = { tokens: { dtype: "int64" as const, shape: [1, 3], data: BigInt64Array.of(4n, 0n, 5n) } };
    const [out] = await explain(bilingual, ids, { method: "integrated-gradients" });
    // tanh(0) is 0: what is missing at the baseline is the whole torque.
    expect(total(out!["torquelens.relevance.tokens"]!)).toBeCloseTo(Math.abs(out!.torque![0]!), 4);
  });

  it("holds the network twice for any number of steps", () => {
    const size = (steps: number) =>
      compile(subject, { method: `integrated-gradients:steps=${steps}` }).bytes.byteLength;
    const once = compile(subject, { method: "gradient-x-input" }).bytes.byteLength;
    expect(size(100) - size(10)).toBeLessThan(90 * 8 + 16);
    expect(size(10)).toBeLessThan(3 * once);
  });
});
