import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { subjectOf } from "#src/explain/subject.js";
import { parseCard } from "#src/policy/card.js";
import { loadModel, policyOf } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { architecture, architecturePath, decode, feeds, session, tensor } from "../reference/fixtures.js";

/**
 * An ACT policy that PyTorch exported, its chunk taken as targets, against Captum's relevance of the first action:
 * the change at step 0 is that action less the joint's position, and so is its gradient.
 */

const NAME = "act-dynamo18";
const JOINTS = [0, 1, 2];

type Rows = { readonly state: { readonly values: readonly number[] } };
const captum = JSON.parse(readFileSync(new URL(`../data/reference/methods/${NAME}.json`, import.meta.url), "utf8")) as {
  readonly case: number;
  readonly explained: readonly number[];
  readonly methods: Readonly<Record<string, { readonly source: string; readonly torque_relevance: Rows }>>;
};

test.each(["gradient", "integrated-gradients"])(
  "%s of a chunk's step, as the change that it commands",
  async (spec) => {
    const { card, cases } = architecture(NAME);
    const { torque: _, ...rest } = card as { torque: object };
    const outputs = { actions: { kind: "joint_position", step: 0 } };
    const found = {
      card: parseCard(JSON.stringify({ ...rest, outputs }), NAME),
      source: NAME,
      folder: ".",
    };
    const policy = policyOf(await loadModel(architecturePath(NAME)), found);
    const compiled = await session(compile(subjectOf(policy), { method: spec }).bytes);
    const { inputs } = cases[captum.case]!;
    const alpha = tensor({ dtype: "float32", shape: [3], values: [1, 1, 1] });
    const results = await compiled.run({ ...feeds(inputs), "torquelens.importance": alpha });
    await compiled.release();
    const position = Array.from(decode(inputs.state!), Number);
    const change = results["torquelens.command"]!.data as Float32Array;
    for (const j of JOINTS) expect(change[j], `change ${j}`).toBeCloseTo(captum.explained[j]! - position[j]!, 4);

    const { source, torque_relevance: reference } = captum.methods[spec]!;
    expect(source).toMatch(/^captum/);
    const rows = results["torquelens.torque_relevance.state"]!.data as Float32Array;
    for (const j of JOINTS)
      for (const i of JOINTS) {
        // Captum's is that of the action's size, this one that of the change's.
        const ofAction = Math.sign(captum.explained[j]!) * reference.state.values[3 * j + i]!;
        const ofPosition = i !== j ? 0 : spec === "gradient" ? 1 : position[j]!;
        expect(rows[3 * j + i], `${j} by ${i}`).toBeCloseTo(Math.sign(change[j]!) * (ofAction - ofPosition), 4);
      }
  },
);
