import { afterAll, beforeAll, expect, test } from "vitest";
import { Reacher } from "#src/sim/tasks/reacher/reacher.js";
import type { Task } from "#src/sim/tasks/task.js";
import { boundedControllers } from "#src/train/algorithms/search/dual.js";
import { linearised } from "#src/train/algorithms/search/local-problem.js";
import { forward } from "#src/train/algorithms/search/lqg.js";
import { improve } from "#src/train/algorithms/search/mirror-descent.js";
import type { Act } from "#src/train/episodes/act.js";
import { relativeError } from "../../../evaluate.js";

let task: Task;
beforeAll(async () => {
  task = await Reacher.load({ width: 8, height: 8, targets: "random" });
});
afterAll(() => task.delete());

/** Springs and dampers towards somewhere: not where the target is. */
const GAIN = [-0.05, 0.01, -0.03, 0.004, 0.02, -0.04, 0.002, -0.02];
const springs = (state: Float64Array): Float64Array =>
  Float64Array.from([0, 1], (j) => state.reduce((sum, x, i) => sum + GAIN[4 * j + i]! * x, 0.01 * j));
const acting = (torque: (task: Task) => Float64Array): Act => {
  const [points, configuration] = [new Float32Array(2), new Float32Array(10)];
  return async (shown) => ({ torque: torque(shown), points, configuration });
};
const act = acting((shown) => springs(shown.state()));
const options = {
  torqueNoise: 0.05,
  startNoise: 0,
  probe: [0.03, 0.1],
  dynamics: "derivatives",
  widest: [0.5, 3],
} as const;

test("the linearised run has the policy's gains, and dynamics and cost that predict the simulator's", async () => {
  task.reset(2, 5);
  const start = task.state();
  const here = await linearised(task, act, options);
  for (const { gain } of here.problem.policy) expect(relativeError(gain, GAIN)).toBeLessThan(1e-9);
  // Another torque at one control step: the states and the cost after it change as they say.
  const nudge = 1e-4;
  const nudged = async (size: number) => {
    task.reset(2, 5);
    let tick = 0;
    const torques = here.controls.map((u, k) => (k === 7 ? u.map((value, j) => value + (j === 1 ? size : 0)) : u));
    return linearised(
      task,
      acting(() => torques[tick++ % task.ticks]!),
      options,
    );
  };
  const [more, less] = [await nudged(nudge), await nudged(-nudge)];
  let deviation: Float64Array = Float64Array.from([0, 1, 2, 3], (i) => here.problem.dynamics[7]!.b[2 * i + 1]!);
  let slope = here.problem.costs[7]!.control.gradient[1]!;
  for (let tick = 8; ; tick++) {
    const actual = more.states[tick]!.map((value, i) => (value - less.states[tick]![i]!) / (2 * nudge));
    expect(relativeError(deviation, actual)).toBeLessThan(1e-3);
    const { gradient } = tick === task.ticks ? here.problem.last : here.problem.costs[tick]!.state;
    slope += deviation.reduce((sum, value, i) => sum + gradient[i]! * value, 0);
    if (tick === task.ticks) break;
    const { a } = here.problem.dynamics[tick]!;
    const before = deviation;
    deviation = before.map((_, i) => before.reduce((sum, value, k) => sum + a[4 * i + k]! * value, 0));
  }
  expect(slope).toBeCloseTo((more.cost - less.cost) / (2 * nudge), 3);
  expect(here.states[0]).toEqual(start);
});

test("controllers within a small bound lower the real cost by about the predicted amount", async () => {
  task.reset(2, 5);
  const here = await linearised(task, act, options);
  const { controllers, nominal } = boundedControllers(here.problem, 1)!;
  expect(forward(here.problem, here.problem.policy).nominal).toBe(0);
  const promise = -nominal;
  expect(promise).toBeGreaterThan(0);
  task.reset(2, 5);
  let tick = 0;
  const followed = await linearised(
    task,
    acting((shown) => {
      const at = tick++ % task.ticks;
      const { gain, offset } = controllers[at]!;
      const away = shown.state().map((value, i) => value - here.states[at]![i]!);
      return here.controls[at]!.map(
        (u, j) => u + offset[j]! + away.reduce((sum, x, i) => sum + gain[4 * j + i]! * x, 0),
      );
    }),
    options,
  );
  const gained = here.cost - followed.cost;
  expect(gained).toBeGreaterThan(0.7 * promise);
  expect(gained).toBeLessThan(1.3 * promise);
});

test("a condition gives the policy's own samples, labelled by the controllers, the same for one seed", async () => {
  const search = { ...options, startNoise: 0.05, seed: 9, samples: 3, bound: 0.5 };
  const run = async () => {
    const labels: number[][] = [];
    const figures = await improve(task, act, { episode: 4, place: 0 }, search, (sample, { tick, label }) => {
      labels.push([sample, tick, ...label]);
    });
    return { labels, figures };
  };
  const [once, again] = [await run(), await run()];
  expect(again).toEqual(once);
  expect(once.labels.map(([sample, tick]) => sample! * task.ticks + tick!)).toEqual(
    Array.from({ length: 3 * task.ticks }, (_, i) => i),
  );
  const { bound, divergence, promise } = once.figures;
  expect(bound).toBe(0.5 * task.ticks);
  expect(divergence).toBeLessThanOrEqual(bound);
  expect(promise).toBeGreaterThan(0);
  for (const [, , ...torque] of once.labels)
    for (const value of torque) expect(Math.abs(value)).toBeLessThanOrEqual(0.3);
});

test("a bound near zero gives the policy's own torques, also where the policy is not linear", async () => {
  // Kinks between the trajectory and the samples around it.
  const kinked = (state: Float64Array): Float64Array => springs(state).map((torque) => Math.abs(torque) - 0.5 * torque);
  const search = { ...options, startNoise: 0.2, seed: 9, samples: 2, bound: 1e-12 };
  let [furthest, largest] = [0, 0];
  await improve(
    task,
    acting((shown) => kinked(shown.state())),
    { episode: 4, place: 0 },
    search,
    (_sample, { action, label }) => {
      label.forEach((value, j) => {
        furthest = Math.max(furthest, Math.abs(value - action.torque[j]!));
        largest = Math.max(largest, Math.abs(value));
      });
    },
  );
  expect(furthest).toBeLessThan(1e-4);
  expect(largest).toBeGreaterThan(0.02);
});

test("where no controller is within the bound, the labels are the policy's own torques", async () => {
  // So steep that a position's change of the start noise moves the torques beyond all numbers.
  const steep = acting((shown) =>
    shown
      .state()
      .subarray(0, 2)
      .map((position) => 1e180 * position),
  );
  const search = { ...options, startNoise: 0.05, seed: 9, samples: 2, bound: 0.5 };
  let labels = 0;
  const figures = await improve(task, steep, { episode: 4, place: 0 }, search, (_sample, { action, label }) => {
    labels++;
    label.forEach((value, j) => {
      const limit = task.torqueLimit[j]!;
      expect(value).toBe(Math.max(-limit, Math.min(limit, action.torque[j]!)));
    });
  });
  expect(labels).toBe(2 * task.ticks);
  expect(figures).toMatchObject({ improved: false, promise: 0, divergence: 0 });
});
