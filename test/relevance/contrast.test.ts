import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "#src/relevance/compile.js";
import { METHODS, methodNamed } from "#src/relevance/methods.js";
import { float32, Session } from "#src/runtime/session.js";
import { randoms } from "../evaluate.js";
import { networkOf, specs } from "./networks.js";

/** Random policies with several torques. */
const SPECS = fc.sample(
  specs.filter(({ torques }) => torques > 1),
  { numRuns: 6, seed: 5 },
);
const CONTRASTING = METHODS.map(({ name }) => methodNamed(name)).filter(({ contrasts }) => contrasts);

describe.each(CONTRASTING)("$name", (method) => {
  it("weights of either sign give the weighted sum of the torques' own heatmaps", async () => {
    let compared = 0;
    for (const spec of SPECS) {
      const { subject, feeds } = networkOf(spec);
      const input = subject.modalities.find(({ kind }) => kind === "image")!.input;
      const weights = randoms(spec.torques, spec.seed, -2, 2);
      const run = async (depth: "heatmap" | "per-torque") => {
        const session = await Session.create(compile(subject, { method, depth }).bytes, { threads: 1 });
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
