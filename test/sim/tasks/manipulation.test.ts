import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Expansion } from "#src/sim/expert/state-cost.js";
import { random } from "#src/sim/random.js";
import { ARM, TARGET } from "#src/sim/render/sight.js";
import type { Task } from "#src/sim/tasks/task.js";
import { loadTask, taskNames } from "#src/sim/tasks/tasks.js";

const tasks = new Map<string, Task>();
const seeds = fc.record({ seed: fc.nat(), episode: fc.nat(1000), condition: fc.nat(3) });

beforeAll(async () => {
  for (const name of taskNames) tasks.set(name, await loadTask(name, { width: 80, height: 64, targets: "random" }));
});
afterAll(() => {
  for (const task of tasks.values()) task.delete();
});

describe.each(taskNames)("the task %s", (name) => {
  const torque = (task: Task, part: number): Float64Array =>
    task.torqueLimit.map((limit, j) => part * limit * Math.cos(j));

  it("gives planners the dynamics of its own steps", () => {
    const task = tasks.get(name)!;
    fc.assert(
      fc.property(seeds, fc.double({ min: -0.2, max: 0.2, noNaN: true }), ({ seed, episode, condition }, part) => {
        task.reset(seed, episode, condition);
        const { step, start, cost, horizon } = task.problem();
        expect(horizon).toBe(task.ticks);
        expect(start).toEqual(task.state());
        for (let tick = 0; tick < 5; tick++) {
          const before = task.state();
          task.step(torque(task, part));
          expect(step.next(before, torque(task, part))).toEqual(task.state());
        }
        cost.delete();
      }),
      { numRuns: 20 },
    );
  });

  it("has a cost whose gradient matches differences, convex, and constant in time except at the end", () => {
    const task = tasks.get(name)!;
    fc.assert(
      fc.property(seeds, ({ seed, episode, condition }) => {
        task.reset(seed, episode, condition);
        const numbers = random(seed, episode);
        const { step, start, cost } = task.problem();
        const at = (state: Float64Array, tick = 0, expansion?: Expansion): number => {
          step.set(state);
          step.data.kinematics();
          return cost.at(step.data, tick, expansion);
        };
        const n = start.length;
        const state = start.map((value) => value + 0.2 * numbers.normal());
        const expansion = { gradient: new Float64Array(n).fill(9), hessian: new Float64Array(n * n).fill(9) };
        const value = at(state, 0, expansion);
        // The data is left as it was: the next step begins from the state.
        expect(cost.at(step.data, 0)).toBe(value);
        expect(at(state, task.ticks - 1)).toBe(value);
        for (let i = 0; i < n; i++) {
          const moved = (by: number): number => at(state.map((x, k) => (k === i ? x + by : x)));
          const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
          expect(Math.abs(expansion.gradient[i]! - slope)).toBeLessThan(1e-5 * Math.max(1, Math.abs(slope)));
        }
        const along = Float64Array.from({ length: n }, () => numbers.normal());
        const curve = along.reduce(
          (sum, x, i) => sum + along.reduce((inner, y, j) => inner + x * expansion.hessian[i * n + j]! * y, 0),
          0,
        );
        expect(curve).toBeGreaterThan(0);
        cost.delete();
      }),
      { numRuns: 10 },
    );
  });

  it("accepts its random goals, and draws other images for other goals", () => {
    const task = tasks.get(name)!;
    fc.assert(
      fc.property(seeds, ({ seed, episode, condition }) => {
        task.reset(seed, episode, condition);
        const before = task.observe();
        const goal = task.randomGoal(random(seed));
        expect(task.goalProblem(goal)).toBeUndefined();
        expect(task.renderOtherGoal()).not.toEqual(before.image);
        expect(task.observe()).toEqual(before);
        task.moveGoal(goal);
        expect(task.observe().values).toEqual(before.values);
      }),
      { numRuns: 20 },
    );
    expect(task.goalProblem([9, 9])).toMatch(/^expected \[x, y(, z)?\] in metres/);
    expect(task.goalProblem([Number.NaN, 0.5])).toMatch(/^expected/);
    expect(task.goalProblem([0.1])).toMatch(/^expected/);
  });

  it("scatters arm and goal reproducibly, in view of the camera, with masks at their image positions", () => {
    const task = tasks.get(name)!;
    let [seen, covered] = [0, 0];
    const pictures = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      task.scatter(random(seed));
      const { image } = task.observe();
      task.scatter(random(seed));
      expect(task.observe().image).toEqual(image);
      pictures.add(Buffer.from(image).toString("base64"));
      const { segmentation, depth } = task.sight();
      for (const [what, point] of [
        [TARGET, task.imagePoints().target!],
        [ARM, task.imagePoints().fingertip!],
      ] as const) {
        const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
        if (!(x >= 2 && x < task.width - 2 && y >= 2 && y < task.height - 2)) continue;
        seen++;
        // Tips are on the edge of what is seen of them, and the handle's middle is a gap: pixels around count.
        const around = [-2, -1, 0, 1, 2].flatMap((down) =>
          [-2, -1, 0, 1, 2].map((right) => (y + down) * task.width + x + right),
        );
        if (around.some((at) => segmentation[at] === what)) covered++;
        else expect(Math.min(...around.map((at) => depth[at]!))).toBeLessThan(point.depth);
      }
    }
    expect(pictures.size).toBe(40);
    expect(seen).toBeGreaterThan(60);
    expect(covered).toBeGreaterThan(0.8 * seen);
  });
});
