import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { METHODS } from "#src/relevance/methods.js";
import { evaluate, relativeError } from "../../evaluate.js";
import { configuration, DEPTHS, dense, explain, image, observation, subjectOf, weights } from "../subjects.js";

const SIDE = 8;
const CHANNELS = 4;
const ALPHA = [0.6, 1.4];
const HEAD = weights([2 * CHANNELS + 4, 2], 21);

const x = image("image", [1, 3, SIDE, SIDE]);
const q = configuration(4);

/** Coordinates of feature points: a softmax over each channel's cells, and its mean place, −1 to 1. */
function points(from: Value): Value {
  const map = b.relu(b.conv(from, weights([CHANNELS, 3, 3, 3], 5), { pads: [1, 1, 1, 1] }, weights([CHANNELS], 6)));
  const cells = apply("Softmax", [b.reshape(map, [CHANNELS, SIDE * SIDE])], { axis: 1 });
  const at = Array.from({ length: SIDE }, (_, i) => (2 * i) / (SIDE - 1) - 1);
  const grid = Array.from({ length: SIDE * SIDE }, (_, i) => [at[i % SIDE]!, at[Math.floor(i / SIDE)]!]).flat();
  return b.reshape(b.matmul(cells, b.tensor("float32", [SIDE * SIDE, 2], grid)), [1, 2 * CHANNELS]);
}

const joined = b.concat([points(x), q], 1);
const torque = dense(joined, 2, Array.from(HEAD.literal!.numbers()));
const feeds = observation([x, q], 3);

describe("shares where an image's features join the rest", () => {
  it("are Σ|Σ_j α_j sign(τ_j) w_ij x_i| of a linear head on feature points, at every depth", async () => {
    const found = await evaluate([x, q], { joined, torque }, feeds);
    const w = HEAD.literal!.numbers();
    const own = (i: number, j: number) => Math.sign(found.torque![j]!) * w[2 * i + j]! * found.joined![i]!;
    const total = (from: number, to: number, of: (i: number) => number) => {
      let sum = 0;
      for (let i = from; i < to; i++) sum += Math.abs(of(i));
      return sum;
    };
    const parts = (of: (i: number) => number) => {
      const [seen, felt] = [total(0, 2 * CHANNELS, of), total(2 * CHANNELS, 2 * CHANNELS + 4, of)];
      return [seen / (seen + felt), felt / (seen + felt)];
    };
    const all = parts((i) => ALPHA[0]! * own(i, 0) + ALPHA[1]! * own(i, 1));
    const each = [0, 1].flatMap((j) => parts((i) => own(i, j)));
    // Signs differ: a sum of sizes would be another number.
    expect(Math.abs(all[0]! - parts((i) => total(0, 2, (j) => ALPHA[j]! * own(i, j)))[0]!)).toBeGreaterThan(0.01);
    for (const method of ["gradient-x-input", "lrp-epsilon:soft-argmax=gradient"])
      for (const depth of DEPTHS) {
        const [out] = await explain(subjectOf([x, q], torque), feeds, { method, depth, importances: [ALPHA] });
        expect(relativeError(out!["torquelens.shares"]!, all), `${method} ${depth}`).toBeLessThan(1e-4);
        expect(relativeError(out!["torquelens.torque_shares"]!, each), `${method} ${depth}`).toBeLessThan(1e-4);
      }
  });

  it.each(METHODS.map(({ name }) => name))("by %s are the same at every depth", async (name) => {
    const specs = name.startsWith("lrp") ? [name, `${name}:soft-argmax=gradient`] : [name];
    for (const method of specs) {
      const ask = async (depth: (typeof DEPTHS)[number]) => {
        try {
          return (await explain(subjectOf([x, q], torque), feeds, { method, depth, importances: [ALPHA] }))[0]!;
        } catch (error) {
          expect((error as Error).name).toBe("InputError");
          return undefined;
        }
      };
      const [first, ...others] = await Promise.all(DEPTHS.map(ask));
      for (const other of others)
        for (const key of ["torquelens.shares", "torquelens.torque_shares"])
          if (first) expect(relativeError(other![key]!, first[key]!), `${method} ${key}`).toBeLessThan(1e-4);
          else expect(other).toBeUndefined();
    }
  });

  it("count an image that joins at two places, once as it is and once as features, whole at every depth", async () => {
    const gate = apply("Sigmoid", [dense(q, 3, 31)]);
    const mixed = b.mul(x, b.reshape(gate, [1, 3, 1, 1]));
    const features = apply("Flatten", [apply("GlobalAveragePool", [mixed])]);
    const both = dense(b.concat([features, points(x), q], 1), 2, 33);
    const [first, ...others] = await Promise.all(
      DEPTHS.map(
        async (depth) =>
          (await explain(subjectOf([x, q], both), feeds, { method: "lrp-epsilon", depth, importances: [ALPHA] }))[0]!,
      ),
    );
    for (const other of others)
      for (const key of ["torquelens.shares", "torquelens.torque_shares"])
        expect(relativeError(other[key]!, first![key]!), key).toBeLessThan(1e-4);
  });
});
