import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { subjectOf } from "#src/explain/subject.js";
import { parseCard } from "#src/policy/card.js";
import { loadModel, policyOf } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import { decode, type EncodedArray, session, tensor } from "../reference/fixtures.js";

/**
 * A policy that PyTorch exported with a softmax at its end, against Captum's relevance of the logits before it: of each
 * action, and of the difference of two by a network whose last layer has the difference of their weights.
 */

interface Reference {
  readonly source: string;
  readonly names: readonly string[];
  readonly image: EncodedArray;
  readonly logits: EncodedArray;
  readonly probabilities: EncodedArray;
  readonly chosen: string;
  readonly against: string;
  readonly maps: Readonly<Record<string, { readonly each: EncodedArray; readonly difference: EncodedArray }>>;
  /** Of logits above zero. */
  readonly dtd: { readonly names: readonly string[]; readonly each: EncodedArray };
}

const place = (ending: string) => new URL(`../data/reference/actions/chooser-ts17.${ending}`, import.meta.url);
const reference = JSON.parse(readFileSync(place("json"), "utf8")) as Reference;
const { names, chosen, against } = reference;
const PIXELS = 16 * 16;

const card = {
  torquelens_card: 1,
  name: "chooser",
  control_period: 0.1,
  actions: { output: "probabilities", names, values: "probabilities" },
  inputs: { image: { modality: "image", encoding: "rgb8", layout: "NCHW", range: [0, 1] } },
};

async function policy() {
  const found = { card: parseCard(JSON.stringify(card), "card"), source: "card", folder: "." };
  return policyOf(await loadModel(fileURLToPath(place("onnx"))), found);
}

/** Outputs of the compiled policy for weights of the actions. */
async function run(method: string, importance: readonly number[], weight: number) {
  const compiled = await session(compile(subjectOf(await policy()), { method, depth: "heatmap" }).bytes);
  const results = await compiled.run({
    image: tensor(reference.image),
    "torquelens.importance": tensor({ dtype: "float32", shape: [names.length], values: importance }),
    "torquelens.chosen": tensor({ dtype: "float32", shape: [], values: [weight] }),
  });
  await compiled.release();
  return results;
}

const only = (name: string) => names.map((each) => Number(each === name));
const near = (found: ArrayLike<number>, expected: ArrayLike<number>) => {
  const largest = Math.max(...Array.from(expected, Math.abs));
  expect(found).toHaveLength(expected.length);
  const differences = Array.from(expected, (r, i) => Math.abs(found[i]! - r) / largest);
  expect(Math.max(...differences)).toBeLessThan(1e-4);
};
const rowOf = (array: EncodedArray, k: number) => decode(array).subarray(k * PIXELS, (k + 1) * PIXELS);

test("the reference is Captum's, of a policy that chooses", () => {
  expect(reference.source).toMatch(/^captum /);
  expect(chosen).toBe(names[decode(reference.logits).indexOf(Math.max(...decode(reference.logits)))]);
});

test("logits and probabilities are PyTorch's", async () => {
  const { "torquelens.command": logits, "torquelens.probabilities": probabilities } = await run(
    "gradient",
    only(""),
    1,
  );
  decode(reference.logits).forEach((z, a) => void expect(logits!.data[a]).toBeCloseTo(z, 5));
  decode(reference.probabilities).forEach((p, a) => void expect(probabilities!.data[a]).toBeCloseTo(p, 6));
});

describe.each(Object.entries(reference.maps))("%s", (method, { each, difference }) => {
  test.each(names)("of %s, whether it is taken or not", async (name) => {
    const { "torquelens.heatmap.image": map } = await run(method, only(name), 0);
    near(map!.data as Float32Array, rowOf(each, names.indexOf(name)));
  });

  test("of the action that is taken", async () => {
    const { "torquelens.heatmap.image": map } = await run(method, only(""), 1);
    near(map!.data as Float32Array, rowOf(each, names.indexOf(chosen)));
  });

  test("of the action that is taken rather than another", async () => {
    const weights = names.map((name) => (name === against ? -1 : 0));
    const { "torquelens.heatmap.image": map } = await run(method, weights, 1);
    near(map!.data as Float32Array, decode(difference));
  });
});

test.each(reference.dtd.names)("dtd of %s, whose logit is above zero", async (name) => {
  const { "torquelens.heatmap.image": map, "torquelens.residual": residual } = await run(
    "dtd:first=eq2",
    only(name),
    0,
  );
  near(map!.data as Float32Array, rowOf(reference.dtd.each, reference.dtd.names.indexOf(name)));
  expect(residual!.data[0]).toBeLessThan(1e-5);
});
