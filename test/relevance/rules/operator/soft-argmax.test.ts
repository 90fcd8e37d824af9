import { describe, expect, it } from "vitest";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../../../evaluate.js";
import { explain, image, subjectOf, total } from "../../subjects.js";

const CELLS = 12;
const GRID = Array.from({ length: CELLS }, (_, i) => [(i % 4) / 3 - 0.4, Math.floor(i / 4) / 2 - 0.7] as const);
const WEIGHTS = [0.8, -0.3];

const grid = (axes: readonly number[]) =>
  b.tensor(
    "float32",
    [CELLS, axes.length],
    GRID.flatMap((p) => axes.map((a) => p[a]!)),
  );

/** Ways to write expected coordinates of one map of logits. */
const FORMS: Readonly<Record<string, (p: Value) => Value>> = {
  "a product with the grid": (p) => b.matmul(p, grid([0, 1])),
  "products and sums": (p) =>
    b.concat(
      [0, 1].map((axis) =>
        b.sum(
          b.mul(
            p,
            b.tensor(
              "float32",
              [1, CELLS],
              GRID.map((cell) => cell[axis]!),
            ),
          ),
          [1],
          true,
        ),
      ),
      1,
    ),
  "sums of marginals": (p) => {
    const map = b.reshape(p, [1, 3, 4]);
    const [columns, rows] = [b.sum(map, [1]), b.sum(map, [2])];
    const x = b.tensor(
      "float32",
      [4, 1],
      [0, 1, 2, 3].map((i) => GRID[i]![0]),
    );
    const y = b.tensor(
      "float32",
      [3, 1],
      [0, 1, 2].map((i) => GRID[4 * i]![1]),
    );
    return b.concat([b.matmul(columns, x), b.matmul(rows, y)], 1);
  },
};

/** Logits as the image, their expected coordinates as what the torque is made of. */
async function found(
  form: (p: Value) => Value,
  logits: Float32Array,
  rule: string,
  origin: "policy" | "corner" = "policy",
) {
  const picture = image("image", [1, 1, 3, 4]);
  const points = form(b.softmax(b.reshape(picture, [1, CELLS])));
  const torque = b.matmul(points, b.tensor("float32", [2, 1], WEIGHTS));
  const subject = subjectOf([picture], torque, undefined, { featurePoints: origin });
  const feeds = { image: float32(logits, [1, 1, 3, 4]) };
  const [out] = await explain(subject, feeds, { method: `lrp-epsilon:soft-argmax=${rule}` });
  return out!["torquelens.relevance.image"]!;
}

/** What the ε rule divides by. */
const kept = (z: number) => z + (z < 0 ? -1e-6 : 1e-6);

function oracle(logits: Float32Array, origin: readonly number[] = [0, 0]) {
  const e = Array.from(logits, Math.exp);
  const p = e.map((x) => x / total(e));
  const f = [0, 1].map((axis) => total(p.map((x, i) => x * GRID[i]![axis]!)));
  const torque = total(f.map((x, axis) => x * WEIGHTS[axis]!));
  const seen = f.map((x, axis) => x - origin[axis]!);
  const r = seen.map((x, axis) => ((x * WEIGHTS[axis]!) / kept(torque)) * Math.abs(torque));
  const winner = logits.indexOf(Math.max(...logits));
  return {
    mass: p.map((x) => x * total(r)),
    winner: p.map((_, i) => (i === winner ? total(r) : 0)),
    gradient: p.map((x, i) =>
      total(r.map((amount, axis) => (logits[i]! * x * (GRID[i]![axis]! - f[axis]!) * amount) / kept(seen[axis]!))),
    ),
  };
}

describe.each(Object.entries(FORMS))("soft-argmax as %s", (_, form) => {
  const logits = randoms(CELLS, 3, 0, 2);

  it.each(["mass", "winner", "gradient"] as const)("%s", async (rule) => {
    expect(relativeError(await found(form, logits, rule), oracle(logits)[rule])).toBeLessThan(2e-5);
  });

  it.each(["mass", "winner", "gradient"] as const)("%s, measured from the corner", async (rule) => {
    const expected = oracle(logits, [-0.4, -0.7])[rule];
    expect(relativeError(await found(form, logits, rule, "corner"), expected)).toBeLessThan(2e-5);
  });

  it("ties divide what the winner takes", async () => {
    const tied = Float32Array.from({ length: CELLS }, (_unused, i) => Number(i === 2 || i === 9));
    const relevance = await found(form, tied, "winner");
    expect(relevance[2]).toBeCloseTo(relevance[9]!, 6);
    expect(relevance.filter((x) => x !== 0)).toHaveLength(2);
  });

  it("is finite where a coordinate is zero", async () => {
    for (const rule of ["mass", "winner", "gradient"])
      expect((await found(form, new Float32Array(CELLS), rule)).every(Number.isFinite)).toBe(true);
  });
});
