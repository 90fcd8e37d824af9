import { expect, test } from "vitest";
import { estimateAdvantages, normalise } from "#src/train/ppo/advantages.js";
import { randoms } from "../../evaluate.js";

const GAMMA = 0.5;
const LAMBDA = 0.5;

test("returns and advantages of two worlds are those computed by hand", () => {
  // World 0: rewards 1, 2, 4 and values 1, 2, 3, then 8. World 1 ends after its first step, and starts again.
  const course = {
    worlds: 2,
    rewards: [1, 10, 2, 0, 4, 6],
    values: [1, 5, 2, 1, 3, 2],
    ends: [0, 1, 0, 0, 0, 0],
    last: [8, 4],
  };
  const [advantages, returns] = [new Float32Array(6), new Float32Array(6)];
  estimateAdvantages(course, { gamma: GAMMA, lambda: LAMBDA }, advantages, returns);
  // World 0, from the end: δ = 4 + 8/2 − 3 = 5; δ = 2 + 3/2 − 2 = 1.5, A = 1.5 + 5/4; δ = 1 + 2/2 − 1 = 1, A = 1 + 2.75/4.
  // World 1: δ = 6 + 4/2 − 2 = 6; δ = 0 + 2/2 − 1 = 0, A = 6/4; the end: A = 10 − 5.
  expect([...advantages]).toEqual([1.6875, 5, 2.75, 1.5, 5, 6]);
  expect([...returns]).toEqual([2.6875, 10, 4.75, 2.5, 8, 8]);
});

test("with λ = 1 a return is the discounted sum of the rewards, with λ = 0 one step ahead", () => {
  const steps = 20;
  const [rewards, values] = [randoms(steps, 1, -1, 1), randoms(steps, 2, -1, 1)];
  const ends = rewards.map((_, i) => Number(i === 6 || i === 12));
  const last = [0.7];
  const [advantages, returns] = [new Float32Array(steps), new Float32Array(steps)];
  const gamma = 0.9;
  estimateAdvantages({ worlds: 1, rewards, values, ends, last }, { gamma, lambda: 1 }, advantages, returns);
  for (let from = 0; from < steps; from++) {
    let [sum, discount, at] = [0, 1, from];
    for (; at < steps; at++, discount *= gamma) {
      sum += discount * rewards[at]!;
      if (ends[at] === 1) break;
    }
    if (at === steps) sum += discount * last[0]!;
    expect(returns[from]).toBeCloseTo(sum, 5);
  }
  estimateAdvantages({ worlds: 1, rewards, values, ends, last }, { gamma, lambda: 0 }, advantages, returns);
  for (let at = 0; at < steps; at++) {
    const next = ends[at] === 1 ? 0 : (values[at + 1] ?? last[0]!);
    expect(returns[at]).toBeCloseTo(rewards[at]! + gamma * next, 5);
  }
});

test("advantages are normalised over the samples asked for, and no others", () => {
  const advantages = Float32Array.of(1, 100, 3, 5);
  const normalised = new Float32Array(4);
  normalise(advantages, Int32Array.of(3, 0, 2), normalised);
  // Mean 3, standard deviation 2 of three samples.
  expect([...normalised]).toEqual([-1, 0, 0, 1]);
});
