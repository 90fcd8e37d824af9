import { describe, expect, test } from "vitest";
import { measure, pairs } from "../../scripts/conformance-pairs.js";

/** float32 against the references' float64, of the largest value of each tensor. */
const TOLERANCE = 1e-4;

describe("relevance equals that of other implementations", () => {
  test.for(pairs())("$network: $spec ($source)", async ({ network, spec }) => {
    const { error, at } = await measure(network, spec);
    expect(error, at).toBeLessThan(TOLERANCE);
  });
});
