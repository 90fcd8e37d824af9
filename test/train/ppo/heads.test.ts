import { expect, test } from "vitest";
import { random } from "#src/sim/random.js";
import { categorical, gaussian } from "#src/train/ppo/heads.js";

const NONE = new Float32Array(0);
const DRAWS = 20_000;

test("actions are drawn as often as their logits say, with their log probabilities", () => {
  const head = categorical(3);
  const logits = Float32Array.of(9, 100, 101, 99.5);
  const weights = [...logits.subarray(1)].map((logit) => Math.exp(logit - 101));
  const total = weights.reduce((a, b) => a + b);
  const action = new Float32Array(4);
  const counts = [0, 0, 0];
  const source = random(1);
  let furthest = 0;
  for (let i = 0; i < DRAWS; i++) {
    const log = head.draw(logits, 1, NONE, source, action, 1);
    const chosen = action.indexOf(1) - 1;
    // A one-hot row beside an element that is not the action's.
    if (action.reduce((a, b) => a + Math.abs(b)) !== 1 || action[0] !== 0) expect.fail(`action ${action}`);
    furthest = Math.max(furthest, Math.abs(log - Math.log(weights[chosen]! / total)));
    counts[chosen]!++;
  }
  expect(furthest).toBeLessThan(1e-6);
  counts.forEach((count, i) => {
    const expected = weights[i]! / total;
    // Six standard deviations.
    expect(Math.abs(count / DRAWS - expected)).toBeLessThan(6 * Math.sqrt((expected * (1 - expected)) / DRAWS));
  });
});

test("numbers are drawn with the mean and deviation of the head, with their log probabilities", () => {
  const head = gaussian(2);
  const mean = Float32Array.of(-1, 2);
  const logs = Float32Array.of(Math.log(0.5), Math.log(3));
  const action = new Float32Array(2);
  const source = random(2);
  const [sums, squares] = [
    [0, 0],
    [0, 0],
  ];
  let furthest = 0;
  for (let i = 0; i < DRAWS; i++) {
    const log = head.draw(mean, 0, logs, source, action, 0);
    let expected = 0;
    for (const j of [0, 1]) {
      const deviation = [0.5, 3][j]!;
      const distance = action[j]! - mean[j]!;
      expected += -0.5 * (distance / deviation) ** 2 - Math.log(deviation * Math.sqrt(2 * Math.PI));
      sums[j]! += distance / deviation;
      squares[j]! += (distance / deviation) ** 2;
    }
    furthest = Math.max(furthest, Math.abs(log - expected));
  }
  expect(furthest).toBeLessThan(1e-5);
  for (const j of [0, 1]) {
    expect(Math.abs(sums[j]! / DRAWS)).toBeLessThan(6 / Math.sqrt(DRAWS));
    expect(Math.abs(squares[j]! / DRAWS - 1)).toBeLessThan(6 * Math.sqrt(2 / DRAWS));
  }
});
