import { describe, expect, it } from "vitest";
import { subjectOf } from "#src/explain/subject.js";
import { parseCard } from "#src/policy/card.js";
import { loadModel, type Policy, policyOf } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { relativeError } from "../evaluate.js";
import {
  type Architecture,
  architecture,
  architectureNames,
  architecturePath,
  decode,
  feeds,
  session,
  tensor,
} from "../reference/fixtures.js";

/** Policies of the architectures that robot people train, exported by PyTorch, explained by DTD end to end. */

async function load(name: string, card: object): Promise<Policy> {
  const model = await loadModel(architecturePath(name));
  return policyOf(model, { card: parseCard(JSON.stringify(card), name), source: name, folder: "." });
}

/** The observation in the units that the card declares: normalised images as they were before. */
function physical(inputs: Architecture["cases"][number]["inputs"], { card }: Policy) {
  const all = feeds(inputs);
  for (const [name, entry] of Object.entries(card.inputs)) {
    if (Array.isArray(entry) || !("mean" in entry)) continue;
    const { data, dims } = all[name]!;
    const channel = dims[2]! * dims[3]!;
    (data as Float32Array).forEach((x, i) => {
      const c = Math.floor(i / channel) % dims[1]!;
      (data as Float32Array)[i] = x * entry.std![c]! + entry.mean![c]!;
    });
  }
  return all;
}

describe.each(architectureNames)("%s", (name) => {
  const { card, cases, importance } = architecture(name);

  it("gives the policy's torques, and finite relevance that is conserved", async () => {
    const policy = await load(name, card);
    const compiled = compile(subjectOf(policy));
    const [alone, explained] = [await session(policy.bytes), await session(compiled.bytes)];
    const alpha = tensor({ dtype: "float32", shape: [importance.length], values: importance });
    for (const { inputs, outputs } of cases) {
      const found = await explained.run({ ...physical(inputs, policy), "torquelens.importance": alpha });
      const plain = await alone.run(feeds(inputs));
      for (const output of Object.keys(outputs)) {
        const [mine, theirs] = [found[output]!.data as Float32Array, plain[output]!.data as Float32Array];
        // The last digits: cells are unrolled, and what relevance reads is not fused away.
        expect(relativeError(mine, theirs), output).toBeLessThan(1e-5);
        expect(relativeError(mine, decode(outputs[output]!)), output).toBeLessThan(1e-4);
      }
      for (const [output, { data }] of Object.entries(found))
        expect((data as Float32Array).every(Number.isFinite), output).toBe(true);
      const shares = found["torquelens.shares"]!.data as Float32Array;
      expect(shares.length).toBe(compiled.sharers.length);
      expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 4);
      const residual = (found["torquelens.residual"]!.data as Float32Array)[0]!;
      const losses = compiled.rules.filter(({ loses }) => loses !== undefined);
      // A little is gone at units without a positive weight before a ReLU.
      for (const { loses } of losses) expect(loses).toMatch(/^outputs without a positive weight/);
      expect(residual).toBeLessThan(losses.length > 0 ? 1e-2 : 1e-4);
    }
    await Promise.all([alone.release(), explained.release()]);
  });
});
