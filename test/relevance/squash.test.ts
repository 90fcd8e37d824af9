import { describe, expect, it, test } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import { float32 } from "#src/runtime/session.js";
import { plainSession } from "../plain-session.js";
import { configuration, DEPTHS, dense, explain, type Outputs, observation, subjectOf, total } from "./subjects.js";

/** Torques that end in a squash of u = x W: what is commanded is explained, through the squash. */

const W = [0.7, -0.4, 0.3, 0.9, -0.8, 0.6, 0.2, -0.5];
const X = [0.6, -0.9, 0.8, 0.4];
const linear = (x: Value) => dense(x, 2, W);
const row = (...numbers: number[]) => b.tensor("float32", [1, 2], numbers);
const clip = (x: Value, low = -0.5, high = 0.5) => apply("Clip", [x, b.scalar(low), b.scalar(high)]);
const column = (x: Value, j: number) => b.slice(x, 1, j, j + 1);

/** By name, the torques of u and the direction of each: the sign of ∂τ/∂u. */
const ENDS: Readonly<Record<string, readonly [end: (u: Value) => Value, direction: readonly number[]]>> = {
  "tanh · scale": [(u) => b.mul(b.tanh(u), row(4, 1)), [1, 1]],
  "tanh · scale + offset": [(u) => b.add(b.mul(b.tanh(u), row(4, 1)), row(5, -2)), [1, 1]],
  "tanh · factors of either sign + offset": [(u) => b.add(b.mul(b.tanh(u), row(-4, 1)), row(1, 3)), [-1, 1]],
  "offset − sigmoid · scale": [(u) => b.sub(row(5, 2), b.mul(b.sigmoid(u), 3)), [-1, -1]],
  "−tanh": [(u) => b.neg(b.tanh(u)), [-1, -1]],
  "tanh / −2": [(u) => b.div(b.tanh(u), row(-2, 0.5)), [-1, 1]],
  "sigmoid · 2 − 1": [(u) => b.sub(b.mul(b.sigmoid(u), 2), 1), [1, 1]],
  HardSigmoid: [(u) => b.mul(apply("HardSigmoid", [u], { alpha: 1 / 6 }), row(6, -3)), [1, -1]],
  Softsign: [(u) => b.add(b.mul(apply("Softsign", [u]), 10), 3), [1, 1]],
  "softsign, written out": [(u) => b.mul(b.div(u, b.add(b.abs(u), 1)), row(7, -7)), [1, -1]],
  Erf: [(u) => b.mul(apply("Erf", [u]), 3), [1, 1]],
  "x / √(1 + x²)": [(u) => b.mul(b.div(u, b.sqrt(b.add(b.square(u), 1))), row(-3, 3)), [-1, 1]],
  "clip · scale + offset": [(u) => b.add(b.mul(clip(u), 4), 5), [1, 1]],
  "clip(tanh · scale)": [(u) => clip(b.mul(b.tanh(u), 3), -1, 1), [1, 1]],
  "min(max(u, −l), l), l a joint's": [
    (u) => apply("Min", [apply("Max", [b.mul(u, -9), row(-4, -1)]), row(4, 1)]),
    [-1, -1],
  ],
  "where(u > l, l, where(u < −l, −l, u)) · 6": [
    (u) => b.mul(b.where(b.greater(u, 0.5), 0.5, b.where(apply("Less", [u, b.scalar(-0.5)]), -0.5, u)), 6),
    [1, 1],
  ],
  "3 / (1 + e⁻ᵘ) − 1": [(u) => b.sub(b.mul(b.div(1, b.add(b.exp(b.neg(u)), 1)), 3), 1), [1, 1]],
  "tanh of tanh": [(u) => b.mul(b.tanh(b.mul(b.tanh(u), -2)), 6), [-1, -1]],
  "one squash a joint": [
    (u) => b.concat([b.mul(b.tanh(column(u, 0)), 40), b.sub(1, b.sigmoid(column(u, 1)))], 1),
    [1, -1],
  ],
  "one step of a chunk": [(u) => b.reshape(b.transpose(b.mul(b.tanh(u), 9), [1, 0]), [1, 2]), [1, 1]],
};

const x = configuration();
const feeds = { configuration: float32(X, [1, 4]) };
const alpha = [0.3, 1.7];

/** Contributions x_i w_ij to u_j, by torque. */
const contributions = [0, 1].map((j) => X.map((xi, i) => xi * W[2 * i + j]!));

/** ∂τ_j/∂x_i by central differences of the policy's own graph. */
async function slopes(torque: Value): Promise<number[][]> {
  const session = await plainSession(compile(subjectOf([x], torque)).bytes);
  const at = async (changed: readonly number[]) => {
    const run = { configuration: float32(changed, [1, 4]), "torquelens.importance": float32(alpha, [2]) };
    return (await session.run(run)).torque!.data as Float32Array;
  };
  const step = 2 ** -7;
  const columns: number[][] = [];
  for (let i = 0; i < X.length; i++) {
    const moved = (by: number) => at(X.map((value, k) => value + (k === i ? by : 0)));
    const [up, down] = [await moved(step), await moved(-step)];
    columns.push([0, 1].map((j) => (up[j]! - down[j]!) / (2 * step)));
  }
  await session.release();
  return [0, 1].map((j) => columns.map((column) => column[j]!));
}

const perTorque = ({ "torquelens.torque_relevance.configuration": all }: Outputs) =>
  [all!.slice(0, 4), all!.slice(4)].map((each) => Array.from(each));

function near(found: readonly number[], expected: readonly number[], part = 1e-5): void {
  const scale = Math.max(...expected.map(Math.abs), 1e-6);
  for (const [i, value] of expected.entries()) expect(Math.abs(found[i]! - value) / scale, `[${i}]`).toBeLessThan(part);
}

describe.each(Object.entries(ENDS))("%s", (_name, [end, direction]) => {
  const torque = end(linear(x));
  const outputsOf = async (method: string) =>
    (await explain(subjectOf([x], torque), feeds, { method, importances: [alpha] }))[0]!;

  test.each(["dtd", "excitation-backprop"])(
    "%s gives |τ| to the contributions of the torque's sign",
    async (method) => {
      const outputs = await outputsOf(method);
      for (const [j, found] of perTorque(outputs).entries()) {
        const tau = outputs.torque![j]!;
        const pool = contributions[j]!.map((z) => Math.max(z * Math.sign(tau) * direction[j]!, 0));
        near(
          found,
          pool.map((z) => (z / total(pool)) * Math.abs(tau)),
        );
      }
      expect(outputs["torquelens.residual"]![0]).toBeLessThan(1e-5);
    },
  );

  test("rap adds up to |τ|", async () => {
    const outputs = await outputsOf("rap");
    for (const [j, found] of perTorque(outputs).entries()) near([total(found)], [Math.abs(outputs.torque![j]!)]);
  });

  test("lrp-epsilon without biases adds up to |τ|", async () => {
    const outputs = await outputsOf("lrp-epsilon:bias=ignore");
    for (const [j, found] of perTorque(outputs).entries()) near([total(found)], [Math.abs(outputs.torque![j]!)], 1e-3);
    expect(outputs["torquelens.residual"]![0]).toBeLessThan(1e-3);
  });

  test("gradient × input goes through the squash, and the residual is against the commanded torques", async () => {
    const outputs = await outputsOf("gradient-x-input");
    const expected = (await slopes(torque)).map((slope, j) =>
      slope.map((dx, i) => dx * X[i]! * Math.sign(outputs.torque![j]!)),
    );
    for (const [j, found] of perTorque(outputs).entries()) near(found, expected[j]!, 5e-3);
    const asked = total(alpha.map((a, j) => a * Math.abs(outputs.torque![j]!)));
    const sum = total(alpha.map((a, j) => a * total(perTorque(outputs)[j]!)));
    expect(outputs["torquelens.residual"]![0]).toBeCloseTo(Math.abs(sum - asked) / asked, 4);
  });

  test("integrated gradients add up to sign(τ) (τ(x) − τ(0))", async () => {
    const outputs = await outputsOf("integrated-gradients:steps=400");
    const atZero = await explain(subjectOf([x], torque), { configuration: float32(new Float32Array(4), [1, 4]) });
    for (const [j, found] of perTorque(outputs).entries()) {
      const [here, there] = [outputs.torque![j]!, atZero[0]!.torque![j]!];
      expect(Math.abs(total(found) - Math.sign(here) * (here - there))).toBeLessThan(
        5e-3 * Math.abs(here - there) + 1e-5,
      );
    }
  });

  test("deeplift adds up to the same", async () => {
    const outputs = await outputsOf("deeplift");
    const atZero = await explain(subjectOf([x], torque), { configuration: float32(new Float32Array(4), [1, 4]) });
    for (const [j, found] of perTorque(outputs).entries()) {
      const [here, there] = [outputs.torque![j]!, atZero[0]!.torque![j]!];
      near([total(found)], [Math.sign(here) * (here - there)], 1e-4);
    }
  });
});

describe("the squash", () => {
  it("is named in the compiled model's rules", () => {
    const squashes = (torque: Value, method = "dtd") =>
      compile(subjectOf([x], torque), { method }).rules.flatMap(({ op, squash }) => (squash ? [op] : []));
    expect(squashes(clip(b.mul(b.tanh(linear(x)), 3)))).toEqual(["Tanh", "Clip"]);
    expect(squashes(b.mul(b.tanh(linear(x)), 3), "gradient")).toEqual(["Tanh"]);
    expect(squashes(dense(b.tanh(linear(x)), 2, 3))).toEqual([]);
  });

  it("leaves torques in N·m: a joint that commands ten times as much weighs ten times as much", async () => {
    const y = b.input("other", "float32", [1, 4]);
    const u = b.concat([dense(x, 1, 1), dense(y, 1, 1)], 1);
    const same = { configuration: feeds.configuration, other: feeds.configuration };
    for (const depth of DEPTHS) {
      const torque = b.mul(b.tanh(u), row(10, 1));
      const [outputs] = await explain(subjectOf([x, y], torque), same, { depth });
      near(Array.from(outputs!["torquelens.shares"]!), [10 / 11, 1 / 11]);
    }
  });

  it("stays bounded in lrp-epsilon where u is near zero and the torque is its offset", async () => {
    const torque = b.add(b.mul(b.tanh(b.mul(linear(x), 1e-4)), 4), 5);
    const [outputs] = await explain(subjectOf([x], torque), observation([x]), { method: "lrp-epsilon" });
    for (const value of perTorque(outputs!).flat()) expect(Math.abs(value)).toBeLessThan(1e-2);
  });
});
