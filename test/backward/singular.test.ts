import { expect, it } from "vitest";
import { gradients } from "#src/backward/gradients.js";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate } from "../evaluate.js";

/** Gradients of Σ f at these numbers, one list an operand. */
async function gradientsOf(f: (...xs: Value[]) => Value, ...numbers: readonly (readonly number[])[]) {
  const xs = numbers.map((list, i) => b.input(`x${i}`, "float32", [list.length]));
  const found = gradients(b.sum(f(...xs)), xs);
  const feeds = Object.fromEntries(
    numbers.map((list, i) => [`x${i}`, float32(Float32Array.from(list), [list.length])]),
  );
  const out = await evaluate(xs, Object.fromEntries(found.map((g, i) => [`g${i}`, g])), feeds);
  return xs.map((_, i) => Array.from(out[`g${i}`]!));
}

/** The standard deviation as exporters write it. */
const std = (x: Value) => b.sqrt(b.mean(b.square(b.sub(x, b.mean(x, [0], true))), [0], true));
const power = (x: Value, y: Value) => apply("Pow", [x, y]);

it("gives a standard deviation and a length of zero no slope, as PyTorch does", async () => {
  expect(await gradientsOf(std, [0.5, 0.5, 0.5])).toEqual([[0, 0, 0]]);
  expect(await gradientsOf((x) => b.sqrt(b.sum(b.square(x))), [0, 0, 0])).toEqual([[0, 0, 0]]);
  expect(await gradientsOf((x) => power(b.sum(b.square(x)), b.scalar(0.5)), [0, 0])).toEqual([[0, 0]]);
  const [slopes] = await gradientsOf(std, [1, -1]);
  expect(slopes).toEqual([0.5, -0.5]);
});

it("gives powers at zero PyTorch's slopes where they are finite", async () => {
  expect(await gradientsOf((x) => power(x, b.scalar(0)), [0, 4])).toEqual([[0, 0]]);
  expect(await gradientsOf((x) => power(x, b.scalar(2)), [0, 4])).toEqual([[0, 8]]);
  const [ofBase, ofExponent] = await gradientsOf(power, [0, 0, 2], [2, 0, 3]);
  expect(ofBase).toEqual([0, 0, 12]);
  expect(ofExponent!.slice(0, 2)).toEqual([0, 0]);
  expect(ofExponent![2]).toBeCloseTo(5.545177444, 5);
});

it("gives an infinite slope at a finite value no relevance", async () => {
  expect(await gradientsOf(b.sqrt, [0, 4])).toEqual([[0, 0.25]]);
  expect(await gradientsOf((x) => apply("Asin", [x]), [1, -1, 0])).toEqual([[0, 0, 1]]);
  expect(await gradientsOf((x) => apply("Acosh", [x]), [1])).toEqual([[0]]);
});

it("keeps normalisations with an ε under the root free of the check", () => {
  const x = b.input("x", "float32", [3]);
  const [g] = gradients(b.sum(b.sqrt(b.add(b.square(x), 1e-5))), [x]);
  const ops = new Set<string>();
  const visit = (value: Value): void => {
    ops.add(value.node.op);
    for (const operand of value.node.inputs) if (operand) visit(operand);
  };
  visit(g!);
  expect(ops.has("Where")).toBe(false);
});
