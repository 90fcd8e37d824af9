import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "#src/sim/random.js";
import { TARGET } from "#src/sim/render/sight.js";
import type { Task } from "#src/sim/tasks/task.js";
import { loadTask } from "#src/sim/tasks/tasks.js";

const CONDITION = 3;
let task: Task;

beforeAll(async () => {
  task = await loadTask("door", { width: 80, height: 64 });
});
afterAll(() => task.delete());

const hinge = (): number => task.state()[task.joints.length]!;

describe("door opening", () => {
  it("is solved by its expert with noise on the torques, the hook in the handle", () => {
    const disturbance = random(3);
    task.reset(1, 6, CONDITION);
    expect([task.success(), task.progress(), hinge()]).toEqual([false, 0, 0]);
    const flags = new Set<string>();
    for (let tick = 0; tick < task.ticks; tick++) {
      task.step(task.expert().map((torque, j) => torque + 0.03 * task.torqueLimit[j]! * disturbance.normal()));
      for (const flag of task.importance().flags) flags.add(flag);
      if (tick !== 15) continue;
      expect(hinge()).toBeLessThan(0.01);
      expect(task.success()).toBe(false);
    }
    expect([...flags]).toEqual(["in_contact"]);
    expect(hinge()).toBeGreaterThan(0.95);
    expect(task.success()).toBe(true);
    expect(task.progress()).toBeGreaterThan(0.95);
    // The hook opened it: its tip is where the handle is seen, a little below.
    const { target, fingertip } = task.imagePoints();
    expect(Math.hypot(target!.x - fingertip!.x, target!.y - fingertip!.y)).toBeLessThan(4);
  });

  it("does not open by itself, nor while the hook moves without a door", () => {
    task.reset(1, 6, CONDITION);
    task.moveGoal([-0.1, 0.75]);
    const elsewhere = task.save();
    // The torques of a door that is nearer and further left: the hook passes before this one.
    task.reset(1, 6, CONDITION);
    const torques: Float64Array[] = [];
    for (let tick = 0; tick < task.ticks; tick++) {
      torques.push(task.expert());
      task.step(torques.at(-1)!);
    }
    expect(task.success()).toBe(true);
    task.restore(elsewhere);
    for (const torque of torques) task.step(torque);
    expect(hinge()).toBeLessThan(0.1);
    expect(task.success()).toBe(false);
  });

  it("shows the handle, also of the open door", () => {
    task.reset(2, 0, CONDITION);
    const seen = (): number => {
      const { x, y } = task.imagePoints().target!;
      return task.sight().segmentation[Math.floor(y) * task.width + Math.floor(x)]!;
    };
    expect(seen()).toBe(TARGET);
    const closed = task.imagePoints().target!;
    const saved = task.save();
    saved[saved.length - task.state().length + task.joints.length] = 1;
    task.restore(saved);
    expect(hinge()).toBe(1);
    const open = task.imagePoints().target!;
    expect(Math.hypot(open.x - closed.x, open.y - closed.y)).toBeGreaterThan(8);
    expect(seen()).toBe(TARGET);
  });

  it("is scattered from closed to wide open, closed while the arm approaches", () => {
    const numbers = random(8);
    const here = { ...numbers, integer: (count: number) => (count === 4 ? CONDITION : numbers.integer(count)) };
    const angles = Array.from({ length: 60 }, () => {
      task.scatter(here);
      return hinge();
    });
    expect(angles.filter((angle) => angle < 0.4).length).toBeGreaterThan(25);
    expect(angles.filter((angle) => angle > 0.8).length).toBeGreaterThan(5);
    expect(Math.min(...angles)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...angles)).toBeLessThan(1.7);
  });
});
