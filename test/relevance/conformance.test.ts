import { describe, expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import { measure, pairs } from "../../scripts/conformance-pairs.js";

/** float32 against the references' float64, of the largest value of each tensor. */
const TOLERANCE = 1e-4;

describe("relevance as other implementations have it", () => {
  test.for(pairs().filter(({ exists }) => exists))("$network: $spec ($source)", async ({ network, spec }, ctx) => {
    try {
      const { error, at } = await measure(network, spec);
      expect(error, at).toBeLessThan(TOLERANCE);
    } catch (error) {
      // A policy that cannot be read or explained yet says so.
      if (error instanceof InputError) ctx.skip(error.message);
      throw error;
    }
  });
});
