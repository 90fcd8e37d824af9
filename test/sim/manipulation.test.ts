import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "#src/sim/random.js";
import { ARM, TARGET } from "#src/sim/sight.js";
import type { Task } from "#src/sim/task.js";
import { loadTask, taskNames } from "#src/sim/tasks.js";

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

  it("gives planners the dynamics that it runs by", () => {
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

  it("has goals to move to that are good, and other pictures for other goals", () => {
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
    expect(task.goalProblem([9, 9])).toMatch(/^expected \[x, y\] in metres/);
    expect(task.goalProblem([Number.NaN, 0.5])).toMatch(/^expected/);
    expect(task.goalProblem([0.1])).toMatch(/^expected/);
  });

  it("scatters arm and goal alike for the same numbers, in sight of the camera, their masks where they are", () => {
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
