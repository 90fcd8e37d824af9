import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { Pose } from "#src/arm/pose.js";
import type { Reading } from "#src/sensing/timeline.js";
import { TransformBuffer } from "#src/sensing/transform-buffer.js";
import { transform } from "./messages.js";

const MS = 1_000_000n;
const SLOP = 50n * MS;
const HORIZON = 5_000n * MS;
const anyStamp = () => undefined;
const found = (reading: Reading<Pose>): Pose => {
  if (reading.kind !== "found") throw new Error(`${reading.kind}: ${reading.reason}`);
  return reading.value;
};

type Matrix = number[][];
/** 4×4 of a pose: the slow way to chain transforms. */
function matrix({ translation: [x, y, z], rotation: [i, j, k, w] }: Pose): Matrix {
  return [
    [1 - 2 * (j * j + k * k), 2 * (i * j - k * w), 2 * (i * k + j * w), x],
    [2 * (i * j + k * w), 1 - 2 * (i * i + k * k), 2 * (j * k - i * w), y],
    [2 * (i * k - j * w), 2 * (j * k + i * w), 1 - 2 * (i * i + j * j), z],
    [0, 0, 0, 1],
  ];
}
const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, c) => row.reduce((sum, value, k) => sum + value * b[k]![c]!, 0)));

const number = fc.double({ min: -3, max: 3, noNaN: true });
const pose = fc
  .tuple(fc.tuple(number, number, number), fc.tuple(number, number, number, number))
  .filter(([, q]) => Math.hypot(...q) > 0.1)
  .map(([translation, q]): Pose => {
    const length = Math.hypot(...q);
    return { translation, rotation: [q[0] / length, q[1] / length, q[2] / length, q[3] / length] };
  });

test("frames are chained up and down a tree, as matrices are", () => {
  fc.assert(
    fc.property(pose, pose, pose, pose, fc.boolean(), (base, shoulder, elbow, tip, isStatic) => {
      const buffer = new TransformBuffer(HORIZON);
      const all: [parent: string, child: string, pose: Pose][] = [
        ["world", "base", base],
        ["world", "/shoulder", shoulder],
        ["shoulder", "elbow", elbow],
        ["elbow", "tip", tip],
      ];
      for (const [i, [parent, child, { translation, rotation }]] of all.entries())
        buffer.add({ transforms: [transform(7n, parent, child, translation, rotation)] }, isStatic && i < 2, anyStamp);
      const reading = found(buffer.at("tip", "base", 7n, "exact", 0n));
      const there = times(times(matrix(shoulder), matrix(elbow)), matrix(tip));
      // base · found = there
      const again = times(matrix(base), matrix(reading));
      for (const [r, row] of there.entries())
        for (const [c, value] of row.entries()) expect(again[r]![c]).toBeCloseTo(value, 9);
    }),
  );
});

test("between two stamps a frame moves along the line and turns evenly", () => {
  const buffer = new TransformBuffer(HORIZON);
  const turned = (angle: number) => [0, 0, Math.sin(angle / 2), Math.cos(angle / 2)] as const;
  buffer.add({ transforms: [transform(0n, "base", "tip", [1, 0, 0], turned(0.2))] }, false, anyStamp);
  // The same rotation has two quaternions: the short way is taken.
  const [x, y, z, w] = turned(1.2);
  buffer.add({ transforms: [transform(40n * MS, "base", "tip", [3, 0, -4], [-x, -y, -z, -w])] }, false, anyStamp);
  const { translation, rotation } = found(buffer.at("tip", "base", 10n * MS, "interpolate", SLOP));
  expect(translation).toEqual([1.5, 0, -1]);
  const wanted = turned(0.45);
  expect(Math.abs(rotation.reduce((sum, value, i) => sum + value * wanted[i]!, 0))).toBeCloseTo(1, 12);
});

test("at its own stamp a direct child's pose is what was sent, bit for bit", () => {
  fc.assert(
    fc.property(fc.tuple(number, number, number), (position) => {
      const buffer = new TransformBuffer(HORIZON);
      for (const [stamp, p] of [
        [1n, [0, 0, 0]],
        [2n, position],
        [3n, [9, 9, 9]],
      ] as const)
        buffer.add({ transforms: [transform(stamp, "base", "tip", p as [number, number, number])] }, false, anyStamp);
      const { translation } = found(buffer.at("tip", "base", 2n, "interpolate", SLOP));
      expect(translation.every((value, i) => Object.is(value, position[i]))).toBe(true);
    }),
  );
});

describe("what is not known", () => {
  it("waits for the frames, or for their stamps", () => {
    const buffer = new TransformBuffer(HORIZON);
    expect(buffer.at("tip", "base", 0n, "nearest", SLOP)).toEqual({
      kind: "wait",
      reason: "tf: tip and base are not connected",
    });
    buffer.add({ transforms: [transform(0n, "base", "tip", [0, 0, 0])] }, false, anyStamp);
    expect(buffer.at("tip", "base", 10n * MS, "interpolate", SLOP)).toEqual({
      kind: "wait",
      reason: "tf: tip: no sample after it",
    });
    buffer.add({ transforms: [transform(200n * MS, "base", "tip", [0, 0, 0])] }, false, anyStamp);
    expect(buffer.at("tip", "base", 10n * MS, "interpolate", SLOP).kind).toBe("miss");
  });

  it("is refused: no numbers, no rotation, a stamp that cannot be", () => {
    const buffer = new TransformBuffer(HORIZON);
    const add = (...args: Parameters<typeof transform>) =>
      buffer.add({ transforms: [transform(...args)] }, false, anyStamp);
    const reason = "tip in base: expected numbers and a unit quaternion";
    expect(add(0n, "base", "tip", [Number.NaN, 0, 0])).toEqual([{ why: "not_a_number", reason }]);
    expect(add(0n, "base", "tip", [0, 0, 0], [0, 0, 0, 0])).toEqual([{ why: "not_a_number", reason }]);
    expect(add(0n, "base", "tip", [0, 0, 0], [0, 0, 0, Number.NaN])).toEqual([{ why: "not_a_number", reason }]);
    const refused = buffer.add({ transforms: [transform(0n, "base", "tip", [0, 0, 0])] }, false, () => ({
      why: "too_old",
      reason: "stamped long ago",
    }));
    expect(refused).toEqual([{ why: "too_old", reason: "tip in base: stamped long ago" }]);
    expect(buffer.at("tip", "base", 0n, "nearest", SLOP).kind).toBe("wait");
  });

  it("goes in circles without hanging", () => {
    const buffer = new TransformBuffer(HORIZON);
    for (const [parent, child] of [
      ["a", "b"],
      ["b", "a"],
    ] as const)
      buffer.add({ transforms: [transform(0n, parent, child, [0, 0, 0])] }, false, anyStamp);
    expect(buffer.at("a", "other", 0n, "nearest", SLOP).kind).toBe("wait");
  });

  it("is forgotten with the clock, but for what is static", () => {
    const buffer = new TransformBuffer(HORIZON);
    buffer.add({ transforms: [transform(0n, "base", "tool", [1, 0, 0])] }, true, anyStamp);
    buffer.add({ transforms: [transform(0n, "tool", "tip", [1, 0, 0])] }, false, anyStamp);
    buffer.clear();
    expect(found(buffer.at("tool", "base", 0n, "exact", 0n)).translation).toEqual([1, 0, 0]);
    expect(buffer.at("tip", "base", 0n, "exact", 0n).kind).toBe("wait");
  });
});
