import { writeModel } from "#src/graph/onnx-write.js";
import type { Value } from "#src/graph/value.js";
import type { TensorData } from "#src/runtime/session.js";
import { plainSession } from "./plain-session.js";

/** Runs graph values through onnxruntime: writes the graph, feeds it, returns each output's numbers. */
export async function evaluate(
  inputs: readonly Value[],
  outputs: Readonly<Record<string, Value>>,
  feeds: Readonly<Record<string, TensorData>>,
  opset = 18,
): Promise<Record<string, Float64Array>> {
  const graph = {
    name: "test",
    inputs: new Map(inputs.map((value) => [value.name!, value])),
    outputs: new Map(Object.entries(outputs)),
    metadata: new Map(),
    opset,
  };
  const session = await plainSession(writeModel(graph));
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([k, t]) => [k, Float64Array.from(t.data as Float32Array, Number)]),
  );
}

/** Largest difference over the largest magnitude expected: errors below 1e-4 are float32 noise. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    scale = Math.max(scale, Math.abs(expected[i]!));
    if (!Number.isFinite(actual[i]!)) return Number.POSITIVE_INFINITY;
  }
  return scale === 0 ? difference : difference / scale;
}

/** Deterministic uniform numbers in [0, 1) (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const randoms = (count: number, seed: number, low = -1, high = 1): Float32Array => {
  const next = uniform(seed);
  return Float32Array.from({ length: count }, () => low + (high - low) * next());
};
