import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EXTREME_FORMS } from "./cases/extremes.js";
import { FORMS, type Forms, OLD_FORMS } from "./cases/forms.js";
import { LOWERED_FORMS } from "./cases/lowered.js";
import { outcomeOf } from "./run-form.js";

/** What is not supported, and refused by name. */
const REFUSED = /at once, as before opset 13, is not supported|has no elements left/;
/** Sums are rounded in an order of their own, and a recurrent layer passes roundings on. */
const TOLERANCE = 1e-5;

/** Compares random nodes with onnxruntime; those that it refuses are out. */
async function compare([op, forms]: Forms, constants: readonly boolean[], count: number): Promise<void> {
  let same = 0;
  for (const form of fc.sample(forms, { numRuns: count, seed: 1 }))
    for (const constant of constants) {
      const outcome = await outcomeOf(op, form, constant, TOLERANCE);
      if (outcome.kind === "same") same++;
      else if (outcome.kind !== "onnxruntime refuses" && !REFUSED.test(outcome.why))
        expect.fail(`${outcome.kind}: ${outcome.why}\n${JSON.stringify({ op, constant, ...form })}`);
    }
  expect(same, "nodes that both take").toBeGreaterThan(3);
}

describe("forms of old operator sets compute what onnxruntime computes", () => {
  it.each(Object.entries(OLD_FORMS))("%s", async (_, forms) => compare(forms, [false, true], 40));
});

describe("every form computes what onnxruntime computes", () => {
  it.each(Object.entries(FORMS))("%s", async (_, forms) => compare(forms, [false, true], 40));
});

describe("operators that are written with others compute what onnxruntime computes", () => {
  it.each(Object.entries(LOWERED_FORMS))("%s", async (_, forms) => compare(forms, [false], 150));
});

describe("constants at the ends of their type are folded to what onnxruntime computes, or left to it", () => {
  it.each(Object.entries(EXTREME_FORMS))("%s", async (_, forms) => compare(forms, [true], 60));
});
