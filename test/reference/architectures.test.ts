import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { architecture, architectureNames, architecturePath, decode, feeds, session } from "./fixtures.js";

/** onnxruntime's float32 against the framework's, of the largest value of the tensor. */
const TOLERANCE = 1e-4;

describe("onnxruntime gives the framework's outputs", () => {
  test.each(architectureNames)("%s", async (name) => {
    const model = await session(readFileSync(architecturePath(name)));
    for (const { inputs, outputs } of architecture(name).cases) {
      const found = await model.run(feeds(inputs));
      for (const [output, array] of Object.entries(outputs)) {
        const expected = decode(array);
        const scale = Math.max(1, ...expected.map(Math.abs));
        expect(found[output]?.dims, output).toEqual(array.shape);
        (found[output]!.data as Float32Array).forEach((value, i) => {
          expect(Math.abs(value - expected[i]!) / scale, `${output}[${i}]`).toBeLessThan(TOLERANCE);
        });
      }
    }
    await model.release();
  });
});
