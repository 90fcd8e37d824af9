import { describe, expect, test } from "vitest";
import { input } from "#src/graph/build.js";
import { vtraceTargets } from "#src/train/vtrace/targets.js";
import { evaluate, randoms, relativeError } from "../../evaluate.js";
import { cases, floats, batch as goldenBatch, steps as goldenSteps } from "./golden.js";

interface Course {
  readonly steps: number;
  readonly batch: number;
  readonly logRatio: ArrayLike<number>;
  readonly rewards: ArrayLike<number>;
  readonly discounts: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  readonly last: ArrayLike<number>;
}

interface Weights {
  readonly rho: number;
  readonly trace: number;
}

/** Equation 1 of Espeholt et al. (2018), each target as its own sum of products, in float64. */
function definition({ steps, batch, logRatio, rewards, discounts, values, last }: Course, { rho, trace }: Weights) {
  const targets = new Float64Array(steps * batch);
  const advantages = targets.slice();
  for (let b = 0; b < batch; b++) {
    const at = (t: number): number => t * batch + b;
    const value = (t: number): number => (t === steps ? last[b]! : values[at(t)]!);
    const ratio = (t: number): number => Math.exp(logRatio[at(t)]!);
    for (let s = 0; s < steps; s++) {
      targets[at(s)] = value(s);
      for (let t = s; t < steps; t++) {
        let product = 1;
        for (let i = s; i < t; i++) product *= discounts[at(i)]! * Math.min(trace, ratio(i));
        const difference = rewards[at(t)]! + discounts[at(t)]! * value(t + 1) - value(t);
        targets[at(s)]! += product * Math.min(rho, ratio(t)) * difference;
      }
    }
    for (let s = 0; s < steps; s++) {
      const after = s === steps - 1 ? last[b]! : targets[at(s + 1)]!;
      const gain = rewards[at(s)]! + discounts[at(s)]! * after - value(s);
      advantages[at(s)] = Math.min(rho, ratio(s)) * gain;
    }
  }
  return { targets, advantages };
}

async function computed({ steps, batch, ...course }: Course, weights: Weights) {
  const row = (name: string) => input(name, "float32", [steps, batch]);
  const given = {
    logRatio: row("logRatio"),
    rewards: row("rewards"),
    discounts: row("discounts"),
    values: row("values"),
    last: input("last", "float32", [batch]),
  };
  const feeds = Object.entries(given).map(([name, { shape }]) => {
    return [name, floats(Array.from(course[name as keyof typeof course]), shape)] as const;
  });
  return evaluate(Object.values(given), vtraceTargets(given, weights), Object.fromEntries(feeds));
}

/** Random steps, every fourth of which ends its episode. */
function courseOf(steps: number, batch: number, seed: number): Course {
  const of = (offset: number, scale: number) => randoms(steps * batch, seed + offset).map((x) => scale * x);
  const discounts = of(3, 1).map((x) => (x < -0.5 ? 0 : 0.95));
  const last = randoms(batch, seed + 9);
  return { steps, batch, logRatio: of(0, 1.5), rewards: of(1, 1), discounts, values: of(2, 2), last };
}

describe.each([
  { rho: 1, trace: 1 },
  { rho: 2, trace: 0.7 },
  { rho: 0.5, trace: 0.5 },
])("V-trace with ρ̄ $rho and c̄ $trace", (weights) => {
  test.each([
    [12, 3],
    [2, 1],
    [1, 4],
  ])("is the definition's sum over %i steps of %i episodes", async (steps, batch) => {
    const course = courseOf(steps, batch, 10 * steps);
    const [found, wanted] = [await computed(course, weights), definition(course, weights)];
    expect(relativeError(found.targets!, wanted.targets)).toBeLessThan(1e-6);
    expect(relativeError(found.advantages!, wanted.advantages)).toBeLessThan(1e-6);
  });
});

test("with the policy that acted, targets are the discounted rewards up to the last value", async () => {
  const course = { ...courseOf(6, 2, 5), logRatio: new Float32Array(12), discounts: new Float32Array(12).fill(0.9) };
  const { targets } = await computed(course, { rho: 1, trace: 1 });
  for (let b = 0; b < 2; b++) {
    let sum = course.last[b]!;
    for (let t = 5; t >= 0; t--) {
      sum = course.rewards[2 * t + b]! + 0.9 * sum;
      expect(targets![2 * t + b]).toBeCloseTo(sum, 5);
    }
  }
});

test.each(cases)("targets and advantages are those of PyTorch's side: $name", async (wanted) => {
  const { settings, goesOn, rewards, logRatio, values, last } = wanted;
  const discounts = goesOn.map((x) => x * settings.gamma);
  const course = { steps: goldenSteps, batch: goldenBatch, logRatio, rewards, discounts, values, last };
  const found = await computed(course, settings);
  expect(relativeError(found.targets!, wanted.targets)).toBeLessThan(1e-6);
  expect(relativeError(found.advantages!, wanted.advantages)).toBeLessThan(1e-6);
});
