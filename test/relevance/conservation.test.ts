import { beforeAll, describe, expect, test } from "vitest";
import { subjectOf } from "#src/explain/subject.js";
import { parseCard } from "#src/policy/card.js";
import { loadModel, policyOf } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import type { Subject } from "#src/relevance/contract/subject.js";
import { METHODS } from "#src/relevance/methods.js";
import { architecture, architectureNames, architecturePath, feeds, session, tensor } from "../reference/fixtures.js";

/** Rounding of float32 in networks of this depth. */
const TOLERANCE = 1e-4;

const conserving = METHODS.filter(({ conserves }) => conserves).map(({ name }) => name);

describe.each(architectureNames)("relevance in %s is conserved, or the nodes are named where it is not, by", (name) => {
  const { card, importance, cases } = architecture(name);
  let subject: Subject;
  beforeAll(async () => {
    const model = await loadModel(architecturePath(name));
    subject = subjectOf(policyOf(model, { card: parseCard(JSON.stringify(card), name), source: name, folder: "." }));
  });
  test.each(conserving)("%s", async (method) => {
    const { bytes, rules } = compile(subject, { method });
    const compiled = await session(bytes, "disabled");
    const weights = tensor({ dtype: "float32", shape: [importance.length], values: importance });
    for (const { inputs } of cases) {
      const found = await compiled.run({ ...feeds(inputs), "torquelens.importance": weights });
      for (const [output, { type, data }] of Object.entries(found))
        if (type === "float32") expect((data as Float32Array).every(Number.isFinite), `${output} is finite`).toBe(true);
      const residual = (found["torquelens.residual"]!.data as Float32Array)[0]!;
      const losses = rules.filter(({ loses }) => loses !== undefined);
      if (losses.length === 0) expect(residual).toBeLessThan(TOLERANCE);
    }
    await compiled.release();
  });
});
