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

it("goes straight through a quantisation, and is zero where it saturates, as PyTorch's fake quantisation", async () => {
  const steps = (x: Value) =>
    b.mul(b.cast(apply("QuantizeLinear", [x, b.scalar(0.5), b.scalar(10, "uint8")]), "float32"), 0.5);
  // Steps of 0.5 from −5 to 122.5; half a step beyond the ends is still rounded to them.
  const [slopes] = await gradientsOf((x) => b.mul(3, steps(x)), [-5.3, -5.2, 0.1, 7, 122.7, 122.8]);
  expect(slopes).toEqual([0, 3, 3, 3, 3, 0]);
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
