import { describe, expect, test } from "vitest";
import { parseCard } from "#src/policy/card.js";
import { loadModel, policyOf } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import type { Depth } from "#src/relevance/contract/depth.js";
import { type Case, decode, feeds, fixture, modelPath, names, session, tensor } from "../reference/fixtures.js";

/** float32 against float64, of the largest golden value of the tensor. */
const TOLERANCE = 1e-4;

describe.each(names)("%s", (name) => {
  const { card, cases, modalities } = fixture(name);
  for (const depth of ["full", "per-torque", "shares"] as const) test(`DTD ${depth}`, () => agrees(depth));

  async function agrees(depth: Depth): Promise<void> {
    const model = await loadModel(modelPath(name));
    const policy = policyOf(model, { card: parseCard(JSON.stringify(card), name), source: name, folder: "." });
    expect(policy.modalities.map((modality) => modality.name)).toEqual(modalities);
    const subject = { ...policy, torque: policy.command, featurePoints: policy.card.feature_points.origin };
    const pictures = policy.modalities.map(({ kind, input }) =>
      kind === "image" ? `torquelens.relevance.${input}` : "",
    );
    const compiled = await session(compile(subject, { depth }).bytes);
    for (const golden of cases) {
      const importance = tensor({ dtype: "float32", shape: [golden.importance.length], values: golden.importance });
      const found = await compiled.run({ ...feeds(golden.inputs), "torquelens.importance": importance });
      const result = (output: string) => found[output]!.data as Float32Array;
      for (const [output, expected] of Object.entries(expectations(golden))) {
        if (depth !== "full" && pictures.includes(output)) expect(found[output]).toBeUndefined();
        else expect(distance(result(output), expected), output).toBeLessThan(TOLERANCE);
      }
      expect(Math.abs(result("torquelens.residual")[0]! - golden.residual), "residual").toBeLessThan(TOLERANCE);
      expect(Math.max(...result("torquelens.empty_pool"))).toBe(Number(golden.empty_pool));
    }
    await compiled.release();
  }
});

/** What the compiled model must give, by output. */
function expectations(golden: Case): Record<string, ArrayLike<number>> {
  const named = (prefix: string, arrays: Case["relevance"]) =>
    Object.entries(arrays).map(([input, array]) => [`torquelens.${prefix}.${input}`, decode(array)] as const);
  return Object.fromEntries<ArrayLike<number>>([
    ...Object.entries(golden.outputs).map(([output, array]) => [output, decode(array)] as const),
    ...named("relevance", golden.relevance),
    ...named("torque_relevance", golden.torque_relevance),
    ["torquelens.shares", golden.shares],
    ["torquelens.torque_shares", golden.torque_shares.flat()],
  ]);
}

function distance(found: ArrayLike<number>, golden: ArrayLike<number>): number {
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < golden.length; i++) {
    difference = Math.max(difference, Math.abs(found[i]! - golden[i]!));
    scale = Math.max(scale, Math.abs(golden[i]!));
  }
  return found.length === golden.length ? difference / Math.max(scale, 1e-6) : Number.NaN;
}
