import { describe, expect, it } from "vitest";
import { READABLE } from "#src/graph/readable.js";
import { TRAITS, traitsOf } from "#src/graph/traits.js";
import { NODES, sweep } from "./sweep.js";

/** A small part of `npm run conformance`: a few random nodes of every operator, in a policy each. */

const METHODS = ["dtd", "gradient", "deeplift"];

it("covers every operator whose values torques are made of", () => {
  // Those that quantise while they run stand together: test/relevance/dynamically-quantised.test.ts.
  const left = new Set(["Constant", "ConstantOfShape", "DynamicQuantizeLinear", "ConvInteger"]);
  const expected = [...new Set([...READABLE, ...Object.keys(TRAITS)])].filter(
    (op) => !left.has(op) && !["integer", "flat"].includes(traitsOf(op).form),
  );
  expect(Object.keys(NODES).sort()).toEqual(expected.sort());
});

describe("torques, slopes, and sums of relevance of policies around a random node", () => {
  it.each(Object.keys(NODES))("%s", async (op) => {
    for await (const { network, method, wrong, refused } of sweep(op, METHODS, 2, 1))
      expect(wrong, `${method}, ${network} ${refused ?? ""}`).toEqual([]);
  });
});
