import { describe, expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { decode, feeds, fixture, modelBytes, names, refusals, refusedBytes, session } from "../reference/fixtures.js";

describe("policies of PyTorch and TensorFlow survive reading and writing", () => {
  test.each(names)("%s", async (name) => {
    const { cases } = fixture(name);
    const original = await session(modelBytes(name));
    const rewritten = await session(writeModel(readModel(modelBytes(name), `${name}.onnx`)));
    expect(rewritten.inputNames).toEqual(original.inputNames);
    expect(rewritten.outputNames).toEqual(original.outputNames);
    for (const { inputs, outputs } of cases) {
      const before = await original.run(feeds(inputs));
      const after = await rewritten.run(feeds(inputs));
      for (const [output, golden] of Object.entries(outputs)) {
        expect(after[output]!.dims, "shape").toEqual(golden.shape);
        expect(after[output]!.data, "written again").toEqual(before[output]!.data);
        expect(distance(after[output]!.data as Float32Array, decode(golden)), "framework").toBeLessThan(1e-5);
      }
    }
    await original.release();
    await rewritten.release();
  });
});

describe("policies with operators outside the list are refused", () => {
  test.each(Object.entries(refusals))("%s", (name, { operator, node, consumers }) => {
    const read = () => readModel(refusedBytes(name), `${name}.onnx`);
    expect(read).toThrow(InputError);
    expect(read).toThrow(`${name}.onnx: node "${node}" (${operator})`);
    for (const consumer of consumers) expect(read).toThrow(`"${consumer}"`);
  });
});

/** Largest difference over the largest golden value (or 1, where all are smaller). */
function distance(found: ArrayLike<number>, golden: ArrayLike<number>): number {
  let difference = 0;
  let scale = 1;
  for (let i = 0; i < golden.length; i++) {
    difference = Math.max(difference, Math.abs(found[i]! - golden[i]!));
    scale = Math.max(scale, Math.abs(golden[i]!));
  }
  return found.length === golden.length ? difference / scale : Number.NaN;
}
