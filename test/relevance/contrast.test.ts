import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleFeeds, WAVES } from "#src/bench/feeds.js";
import { levineNetwork } from "#src/bench/levine.js";
import { sizeOf } from "#src/graph/shape.js";
import { compile } from "#src/relevance/compile.js";
import { compositeMethod } from "#src/relevance/methods/composite-method.js";
import { METHODS, methodNamed } from "#src/relevance/methods.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../evaluate.js";
import { plainSession } from "../plain-session.js";
import { networkOf, specs } from "./networks.js";

/** Random policies with several torques. */
const SPECS = fc.sample(
  specs.filter(({ torques }) => torques > 1),
  { numRuns: 6, seed: 5 },
);
/** Options for images of a few pixels. */
const SMALL: Readonly<Record<string, string>> = { occlusion: "occlusion:size=3,stride=2", rise: "rise:n=20,cells=3" };
const CONTRASTING = METHODS.map(({ name }) => methodNamed(SMALL[name] ?? name)).filter(
  ({ contrasts }) => contrasts === true,
);

it("eight-bit integers keep weights of either sign", async () => {
  const table = `
torquelens_composite: 1
name: positive rules under signed operators
operators: signed
rows:
  - {position: bounded, rule: zbox}
  - {rule: eq2}
`;
  const subject = levineNetwork(96);
  const method = compositeMethod(table, "table.yaml");
  expect(method.contrasts).toBe(true);
  const feeds = sampleFeeds(subject.graph.inputs, WAVES);
  const torques = sizeOf(subject.graph.outputs.get(subject.torque)!.shape);
  const weights = Float32Array.from({ length: torques }, (_, j) => (j === 0 ? 1 : -1));
  const heatmap = async (precision: "exact" | "fast") => {
    const session = await plainSession(compile(subject, { method, depth: "heatmap", precision }).bytes);
    const outputs = await session.run({ ...feeds, "torquelens.importance": float32(weights, [torques]) });
    await session.release();
    return outputs["torquelens.heatmap.image"]!.data as Float32Array;
  };
  const [exact, fast] = [await heatmap("exact"), await heatmap("fast")];
  expect(exact.some((r) => r < 0)).toBe(true);
  expect(relativeError(fast, exact)).toBeLessThan(0.03);
});

describe.each(CONTRASTING)("$name", (method) => {
  it("weights of either sign give the weighted sum of the torques' own heatmaps", async () => {
    let compared = 0;
    for (const spec of SPECS) {
      const { subject, feeds } = networkOf(spec);
      const input = subject.modalities.find(({ kind }) => kind === "image")!.input;
      const weights = randoms(spec.torques, spec.seed, -2, 2);
      const run = async (depth: "heatmap" | "per-torque") => {
        const session = await plainSession(compile(subject, { method, depth }).bytes);
        const outputs = await session.run({
          ...feeds(spec.seed),
          "torquelens.importance": float32(Float32Array.from(weights), [spec.torques]),
        });
        await session.release();
        return outputs;
      };
      const summed = (await run("heatmap"))[`torquelens.heatmap.${input}`]!.data as Float32Array;
      const each = (await run("per-torque"))[`torquelens.torque_heatmap.${input}`]?.data as Float32Array | undefined;
      if (!each) continue;
      compared++;
      const size = summed.length;
      const expected = Float32Array.from(summed, (_, i) =>
        [...weights].reduce((sum, weight, j) => sum + weight * each[j * size + i]!, 0),
      );
      // Parts may cancel: the error is one of the largest part.
      const largest = each.reduce((most, r) => Math.max(most, Math.abs(r)), 1e-30);
      const error = summed.reduce((most, r, i) => Math.max(most, Math.abs(r - expected[i]!)), 0);
      expect(error / largest).toBeLessThan(1e-4);
    }
    expect(compared).toBeGreaterThan(0);
  });
});
