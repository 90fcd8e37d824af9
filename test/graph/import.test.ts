import { readFileSync } from "node:fs";
import type * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Graph } from "#src/graph/value.js";
import { randoms } from "../evaluate.js";
import {
  architectureNames,
  architecturePath,
  decode,
  feeds,
  fixture,
  modelBytes,
  names,
  operatorBytes,
  operatorNames,
  refusals,
  refusedBytes,
  session,
} from "../reference/fixtures.js";
import { feed } from "./onnx-model.js";

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

/** Numbers to feed a session of `bytes` with: its own inputs, small and of any type. */
function observationOf(graph: Graph): Record<string, ort.Tensor> {
  return Object.fromEntries(
    [...graph.inputs.values()].map(({ name, dtype, shape }, i) => {
      const numbers = Array.from(randoms(sizeOf(shape), i + 1), (x) => (dtype.startsWith("float") ? x : x > 0 ? 1 : 0));
      return [name!, feed(dtype, shape, numbers)];
    }),
  );
}

/** The largest difference over the largest value; lowered operators round in another order. */
const LOWERED = 1e-6;

describe("every architecture and operator survives reading and writing", () => {
  const files = [
    ...architectureNames
      .filter((name) => !/lstm|gru|pre-class-dynamo23/.test(name))
      .map((name) => [name, new Uint8Array(readFileSync(architecturePath(name)))] as const),
    ...operatorNames.map((name) => [name, operatorBytes(name)] as const),
  ];
  test.each(files)("%s", async (name, bytes) => {
    const graph = readModel(bytes, `${name}.onnx`);
    const [original, rewritten] = [await session(bytes), await session(writeModel(graph))];
    expect(rewritten.inputNames).toEqual(original.inputNames);
    expect(rewritten.outputNames).toEqual(original.outputNames);
    const observation = observationOf(graph);
    const [before, after] = [await original.run(observation), await rewritten.run(observation)];
    for (const output of original.outputNames) {
      expect(after[output]!.dims, output).toEqual(before[output]!.dims);
      const [found, golden] = [after[output]!.data as Float32Array, before[output]!.data as Float32Array];
      expect(distance(found, golden), output).toBeLessThan(LOWERED);
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
