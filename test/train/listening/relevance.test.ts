import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { subjectOf } from "#src/explain/subject.js";
import { readModel } from "#src/graph/onnx-read.js";
import { encoded } from "#src/language/vocabulary.js";
import { parseCard, serialiseCard } from "#src/policy/card.js";
import { policyOf } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { Session, type TensorData } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { LISTENING_ARCHITECTURES, listeningArchitecture } from "#src/train/listening/architectures.js";
import { listeningCard } from "#src/train/listening/card.js";
import { exportListening } from "#src/train/listening/export.js";
import { initialiseListening, listeningLayout } from "#src/train/listening/layout.js";
import { listeningSpec } from "#src/train/listening/recipe.js";

const { facts } = worldNamed("tabletop");
const SPOKEN = 10;

function policyNamed(name: string) {
  const spec = listeningSpec(facts, listeningArchitecture(name));
  const layout = listeningLayout(spec);
  const vector = new Float32Array(layout.size);
  initialiseListening(spec, layout, vector, random(6));
  const bytes = exportListening(spec, layout, vector);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const card = parseCard(serialiseCard(listeningCard(facts, spec, {})), "card");
  return policyOf(
    { path: `${name}.onnx`, bytes, sha256, graph: readModel(bytes, name) },
    { card, source: "card", folder: "." },
  );
}

/** A random picture, ten tokens, an action before, and a state as after some steps. */
function feedsOf(policy: ReturnType<typeof policyNamed>): Record<string, TensorData> {
  const draws = random(7);
  const feeds: Record<string, TensorData> = {
    "torquelens.importance": { dtype: "float32", shape: [9], data: new Float32Array(9) },
    "torquelens.chosen": { dtype: "float32", shape: [], data: Float32Array.of(1) },
  };
  for (const [name, { shape }] of policy.graph.inputs) {
    const size = shape.reduce((a, b) => a * b, 1);
    if (name === "image")
      feeds[name] = { dtype: "uint8", shape, data: Uint8Array.from({ length: size }, () => draws.integer(256)) };
    else if (name === "instruction")
      feeds[name] = {
        dtype: "int64",
        shape,
        data: BigInt64Array.from({ length: size }, (_, i) => BigInt(i < SPOKEN ? 1 + draws.integer(20) : 0)),
      };
    else {
      const data = Float32Array.from({ length: size }, (_, i) =>
        name === "previous_action" ? (i === 4 ? 1 : 0) : draws.between(-0.5, 0.5),
      );
      feeds[name] = { dtype: "float32", shape, data };
    }
  }
  return feeds;
}

describe.each(Object.keys(LISTENING_ARCHITECTURES))("%s", (name) => {
  const policy = policyNamed(name);
  test("the card says a sentence as the world does, and names the mask", () => {
    const text = "put the red block into the bowl, then close the zebra";
    const { vocabulary, length } = facts.language!;
    const { ids, tokens, unknown } = encoded(vocabulary, text, length);
    const told = policy.language!.told(text);
    expect([...told.values.language!]).toEqual(ids);
    expect(told).toMatchObject({ tokens, unknown });
    expect(unknown).toEqual(["zebra"]);
    expect(policy.card.actions).toMatchObject({ mask: "mask" });
  });

  const run = async (method: string) => {
    const { bytes } = compile(subjectOf(policy), { method, depth: "heatmap" });
    const session = await Session.create(bytes, { threads: 1 });
    const found = await session.run(feedsOf(policy));
    await session.release();
    return (output: string) => found[`torquelens.${output}`]!.data as Float32Array;
  };

  test.each(["dtd", "rap"])(
    "%s adds up to the logit, and padding gets nothing",
    { timeout: 60_000 },
    async (method) => {
      const found = await run(method);
      expect(found("residual")[0]).toBeLessThan(1e-5);
      const words = found("relevance.instruction");
      expect(words.slice(0, SPOKEN).some((x) => Math.abs(x) > 0)).toBe(true);
      expect([...words.slice(SPOKEN)]).toEqual(Array<number>(24 - SPOKEN).fill(0));
    },
  );

  test.each(["gradient-x-input", "lrp-epsilon"])("by %s padding gets nothing", { timeout: 60_000 }, async (method) => {
    const words = (await run(method))("relevance.instruction");
    expect(words.slice(0, SPOKEN).filter((x) => Math.abs(x) > 0).length).toBeGreaterThan(SPOKEN / 2);
    expect([...words.slice(SPOKEN)]).toEqual(Array<number>(24 - SPOKEN).fill(0));
  });
});
