import { describe, expect, it } from "vitest";
import { sceneFor } from "#src/bench/scene.js";
import { subjectOf } from "#src/explain/subject.js";
import { largePolicy, shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { float32 } from "#src/runtime/session.js";
import { relativeError } from "../../evaluate.js";
import { plainSession } from "../../plain-session.js";

const OMIT = 5e-4;

describe("tiles of shipped policies, at what may be left out by default", () => {
  it.each([
    ["reacher, 240 × 240", largePolicy(), "reacher"] as const,
    ...["reacher", "peg", "door", "baxter"].map((task) => [task, shippedPolicy(task), task] as const),
  ])("show the scene of the %s as the dense pass does", async (_, path, task) => {
    const policy = await loadPolicy(path);
    const subject = subjectOf(policy);
    const importance = float32(new Float32Array(policy.outputs.length).fill(1), [policy.outputs.length]);
    const feeds = { ...(await sceneFor(policy, task)), "torquelens.importance": importance };
    const [dense, tiled] = await Promise.all(
      [0, OMIT].map(async (omit) => {
        const session = await plainSession(compile(subject, { depth: "heatmap", omit }).bytes);
        const outputs = await session.run(feeds);
        await session.release();
        return outputs;
      }),
    );
    const numbers = (outputs: typeof dense, name: string) => outputs![name]!.data as Float32Array;
    const omitted = numbers(tiled, "torquelens.omitted")[0]!;
    expect(omitted).toBeGreaterThan(0);
    expect(omitted).toBeLessThanOrEqual(OMIT);
    const heatmap = "torquelens.heatmap.image";
    expect(relativeError(numbers(tiled, heatmap), numbers(dense, heatmap))).toBeLessThan(1e-3);
    expect(numbers(tiled, "torquelens.residual")[0]).toBeLessThan(1e-4);
    expect(numbers(tiled, "torque")).toEqual(numbers(dense, "torque"));
  });

  it("are used by default where the network is large", async () => {
    const compiled = async (path: string) => compile(subjectOf(await loadPolicy(path)), { depth: "heatmap" });
    expect((await compiled(largePolicy())).graph.outputs.has("torquelens.omitted")).toBe(true);
    expect((await compiled(shippedPolicy("reacher"))).graph.outputs.has("torquelens.omitted")).toBe(false);
  });

  it.each([-0.1, 0.6, Number.NaN])("leave out no part of %s", async (omit) => {
    const subject = subjectOf(await loadPolicy(shippedPolicy("reacher")));
    expect(() => compile(subject, { omit })).toThrow(`omit ${omit}: expected a part of the relevance, from 0 to 0.5`);
  });
});
