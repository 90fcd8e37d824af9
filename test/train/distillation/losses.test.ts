import { expect, test } from "vitest";
import * as b from "#src/graph/build.js";
import { float32 } from "#src/runtime/session.js";
import { withoutConflict } from "#src/train/distillation/gradient-surgery.js";
import { answersOf, distance, inputGradients, regulariser } from "#src/train/distillation/losses.js";
import { RmsProp } from "#src/train/network/rms-prop.js";
import { evaluate } from "../../evaluate.js";

test("Eq. 2 and 4 by hand: a linear policy's gradient, divided by its largest, counts where the mask says so", async () => {
  // τ = W s with limits 2 and 4: answers (0.5, −0.5), Σ_j u_j ∂u_j/∂s = 0.5·(1, 0, −2)/2 − 0.5·(2, 1, 1)/4.
  const s = b.input("s", "float32", [1, 1, 1, 3]);
  const weights = b.tensor("float32", [3, 2], [1, 2, 0, 1, -2, 1]);
  const torques = b.matmul(b.reshape(s, [1, 3]), weights);
  const answers = answersOf("numbers", torques, b.tensor("float32", [1, 2], [2, 4]));
  const slopes = inputGradients(answers, [s]);
  const mask = b.tensor("float32", [1, 1, 1, 3], [1, 1, 0]);
  const state = Float32Array.of(1, -4, 0);
  const found = await evaluate(
    [s],
    { slope: slopes[0]!, loss: regulariser(slopes, [mask], "largest"), share: regulariser(slopes, [mask], "sum") },
    { s: float32(state, [1, 1, 1, 3]) },
  );
  expect([...found.slope!].map((x) => Number(x.toFixed(6)))).toEqual([0, -0.125, -0.625]);
  expect(found.loss![0]).toBeCloseTo((0 + 0.125) / 0.625 / 3, 6);
  expect(found.share![0]).toBeCloseTo((0 + 0.125) / 0.75, 6);
});

test("a policy without any gradient has no penalty, and several images share one largest gradient", async () => {
  const [one, other] = [b.input("one", "float32", [1, 2]), b.input("other", "float32", [1, 2])];
  const masks = [b.full([1, 2], 1), b.full([1, 2], 1)];
  const penalty = (outputs: b.Operand) =>
    regulariser(inputGradients(answersOf("numbers", outputs as never), [one, other]), masks, "largest");
  const both = b.add(b.sum(one), b.mul(b.sum(other), 4));
  const feeds = { one: float32(Float32Array.of(1, 0), [1, 2]), other: float32(Float32Array.of(0, 0), [1, 2]) };
  const found = await evaluate([one, other], { dead: penalty(b.mul(both, 0)), both: penalty(both) }, feeds);
  expect(found.dead![0]).toBe(0);
  expect(found.both![0]).toBeCloseTo((0.25 + 0.25 + 1 + 1) / 4, 6);
});

test("distances by hand: of actions in nats from logits or probabilities, of torques squared parts of their limits", async () => {
  const x = b.input("x", "float32", [1, 2]);
  const teacher = b.tensor("float32", [1, 2], [0.25, 0.75]);
  const logits = Float32Array.of(Math.log(0.5), Math.log(0.5));
  const expected = 0.25 * Math.log(0.5) + 0.75 * Math.log(1.5);
  const of = (data: Float32Array) => ({ x: float32(data, [1, 2]) });
  const outputs = {
    logits: distance("logits", x, teacher),
    probabilities: distance("probabilities", x, teacher),
    torques: distance("numbers", x, teacher, b.tensor("float32", [1, 2], [2, 2])),
  };
  const shifted = await evaluate([x], outputs, of(logits.map((y) => y + 3)));
  expect(shifted.logits![0]).toBeCloseTo(expected, 6);
  const even = await evaluate([x], outputs, of(Float32Array.of(0.5, 0.5)));
  expect(even.probabilities![0]).toBeCloseTo(expected, 6);
  expect(even.torques![0]).toBeCloseTo((0 + 0.5 ** 2) / 2, 6);
});

test("gradients that agree are added; of those that do not, each loses its part along the other", () => {
  const sum = (a: number[], c: number[]) => [...withoutConflict(Float32Array.from(a), Float32Array.from(c))];
  expect(sum([1, 2], [3, 0])).toEqual([4, 2]);
  // a·b = −1, |a|² = 2, |b|² = 1: a' = a + b, b' = b + a/2.
  expect(sum([1, 1], [-1, 0])).toEqual([-0.5, 1.5]);
  expect(sum([1, 0], [-1, 0])).toEqual([0, 0]);
  expect(sum([0, 0], [2, 1])).toEqual([2, 1]);
});

test("RMSprop as its formula says, and its state goes on where it was", () => {
  const parameters = Float32Array.of(1, 1);
  const gradients = [Float32Array.of(2, 0), Float32Array.of(4, 0)];
  const first = new RmsProp(2, 0.9);
  first.step(parameters, gradients, 0.1);
  expect(parameters[0]).toBeCloseTo(1 - 0.3 / Math.sqrt(0.9), 6);
  const second = new RmsProp(2, 0.9, 1e-8);
  second.state = first.state;
  second.step(parameters, gradients, 0.1);
  expect(parameters[0]).toBeCloseTo(1 - 0.3 / Math.sqrt(0.9) - 0.3 / Math.sqrt(0.81 + 0.9), 6);
  expect(parameters[1]).toBe(1);
  expect(second.state.steps).toBe(2);
});
