import { expect } from "vitest";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { float32 } from "#src/runtime/session.js";
import { randoms } from "../evaluate.js";
import { plainSession } from "../plain-session.js";

const STEP = 1.5e-3;
const TOLERANCE = 2e-2;

/** A scalar that weighs every element differently. */
export const weighed = (y: Value, seed = 99): Value =>
  b.sum(b.mul(y, b.tensor("float32", y.shape, randoms(sizeOf(y.shape), seed))));

/**
 * Checks gradients of Σ c·y at a random point: along a random direction of each leaf the gradient is the slope between
 * two points a little apart. Where that slope changes with the distance, a kink lies between and there is none.
 * @returns how many leaves had a slope
 */
export async function differentiable(
  y: Value,
  leaves: readonly Value[],
  seed: number,
  gradientsOf: (of: Value, leaves: readonly Value[]) => Value[],
  range: readonly [low: number, high: number] = [-1, 1],
): Promise<number> {
  const loss = weighed(y);
  const slopes = gradientsOf(loss, leaves);
  const session = await plainSession(
    writeModel({
      name: "gradients",
      inputs: new Map(leaves.map((leaf) => [leaf.name!, leaf])),
      outputs: new Map([["loss", loss], ...slopes.map((slope, i) => [`slope${i}`, slope] as const)]),
      metadata: new Map(),
      opset: 18,
    }),
  );
  const point = leaves.map((leaf, i) => randoms(sizeOf(leaf.shape), seed + i, ...range));
  const run = (at: readonly Float32Array[]) =>
    session.run(Object.fromEntries(leaves.map((leaf, i) => [leaf.name!, float32(at[i]!, leaf.shape)])));
  const here = await run(point);
  let checked = 0;
  for (const [k, leaf] of leaves.entries()) {
    const direction = randoms(sizeOf(leaf.shape), seed + 50 + k);
    const moved = async (step: number) => {
      const at = point.map((values, i) => (i === k ? values.map((x, j) => x + step * direction[j]!) : values));
      return (await run(at)).loss!.data[0] as number;
    };
    const between = async (step: number) => ((await moved(step)) - (await moved(-step))) / (2 * step);
    const slope = here[`slope${k}`]!.data as Float32Array;
    expect(here[`slope${k}`]!.shape).toEqual(leaf.shape);
    const [expected, wider] = [await between(STEP), await between(4 * STEP)];
    const found = slope.reduce((total, g, j) => total + g * direction[j]!, 0);
    const scale = slope.reduce((total, g, j) => total + Math.abs(g * direction[j]!), 0);
    const noise = (1e-6 * (1 + Math.abs(here.loss!.data[0] as number))) / STEP;
    if (Math.abs(expected - wider) > 0.2 * TOLERANCE * scale + noise) continue;
    checked++;
    expect(Math.abs(found - expected), `${leaf.name}: ${found}, slope ${expected}`).toBeLessThan(
      TOLERANCE * scale + noise,
    );
  }
  await session.release();
  return checked;
}
