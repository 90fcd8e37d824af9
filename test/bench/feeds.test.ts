import { expect, it } from "vitest";
import { NOISE, sampleFeeds } from "#src/bench/feeds.js";
import type { DType } from "#src/graph/dtype.js";

it("fills inputs of every type: bytes over their range, floats below 1, other whole numbers 0", () => {
  const inputs = (["uint8", "float32", "float64", "int32", "int64", "uint64", "bool"] as DType[]).map(
    (dtype) => [dtype, { dtype, shape: [50] }] as const,
  );
  const feeds = sampleFeeds(inputs, NOISE);
  const numbers = (dtype: DType) => Array.from(feeds[dtype]!.data as ArrayLike<number | bigint>, Number);
  expect(Math.max(...numbers("uint8"))).toBeGreaterThan(200);
  for (const dtype of ["float32", "float64"] as const) {
    expect(new Set(numbers(dtype)).size).toBeGreaterThan(40);
    expect(numbers(dtype).every((x) => x >= 0 && x < 1)).toBe(true);
  }
  for (const dtype of ["int32", "int64", "uint64", "bool"] as const) expect(numbers(dtype)).toEqual(Array(50).fill(0));
});
