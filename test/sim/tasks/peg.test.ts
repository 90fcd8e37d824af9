import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "#src/sim/random.js";
import { ARM, BACKGROUND, TARGET } from "#src/sim/render/sight.js";
import type { Task } from "#src/sim/tasks/task.js";
import { loadTask } from "#src/sim/tasks/tasks.js";

let task: Task;

beforeAll(async () => {
  task = await loadTask("peg", { width: 80, height: 64 });
});
afterAll(() => task.delete());

/** Runs an episode under the expert with noise on its torques, as parts of the limits. */
function solve(noise: number): void {
  const disturbance = random(3);
  for (let tick = 0; tick < task.ticks; tick++) {
    task.step(task.expert().map((torque, j) => torque + noise * task.torqueLimit[j]! * disturbance.normal()));
  }
}

describe("peg insertion", () => {
  it("is solved by its expert, also with noise on the torques", () => {
    for (const noise of [0, 0.03]) {
      task.reset(1, 5, 2);
      expect(task.progress()).toBe(0);
      expect(task.success()).toBe(false);
      solve(noise);
      expect(task.success()).toBe(true);
      expect(task.progress()).toBe(1);
      expect(task.error()).toBeLessThan(noise === 0 ? 1e-3 : 0.012);
    }
  });

  it("is not solved at rest, nor with the image of another goal", () => {
    task.reset(1, 5, 2);
    const held = task.observe().position;
    for (let tick = 0; tick < task.ticks; tick++) task.step(task.torqueLimit.map(() => 0));
    expect(task.observe().position).toEqual(held);
    expect(task.success()).toBe(false);
    task.reset(1, 5, 2);
    solve(0);
    task.moveGoal([0.1, 0.5]);
    expect(task.success()).toBe(false);
    expect(task.progress()).toBe(0);
  });

  it("stops at the block: the peg does not go through it", () => {
    task.reset(1, 5, 2);
    solve(0);
    expect(task.importance().flags).toEqual([]);
    // On the ground of the hole it stands, and does not sink.
    task.push([0, 0, -30, 0, 0, 0]);
    for (let tick = 0; tick < 20; tick++) task.step(task.torqueLimit.map(() => 0));
    expect(task.importance().flags).toContain("in_contact");
    const floor = task.observe().values.end_effector_position![2]!;
    expect(floor).toBeGreaterThan(-0.503);
    expect(floor).toBeLessThan(-0.497);
  });

  it("segments the arm, the block and the bench, with their depth", () => {
    task.reset(1, 0);
    const { width, height, segmentation, depth } = task.sight();
    expect([width, height]).toEqual([80, 64]);
    const count = (what: number): number => segmentation.filter((seen) => seen === what).length;
    for (const what of [ARM, BACKGROUND, TARGET]) expect(count(what)).toBeGreaterThan(150);
    const { target, fingertip } = task.imagePoints();
    const at = ({ x, y }: { x: number; y: number }): number => Math.floor(y) * width + Math.floor(x);
    expect(segmentation[at(target!)]).toBe(TARGET);
    expect(segmentation[at(fingertip!)]).toBe(ARM);
    // The hole is deeper than its rim.
    expect(depth[at(target!)]).toBeGreaterThan(target!.depth);
    expect(depth[at(fingertip!)]).toBeCloseTo(fingertip!.depth, 1);
  });

  it("starts in the conditions in turn, with noise on the joints, and the tip in the base frame", () => {
    const tips: Float64Array[] = [];
    const seen = new Set<string>();
    for (let episode = 0; episode < 4; episode++) {
      task.reset(7, episode);
      const { values } = task.observe();
      tips.push(values.end_effector_position!);
      const { x, y } = task.imagePoints().fingertip!;
      seen.add([Math.round(x / 4), Math.round(y / 4)].join());
      const state = task.state();
      task.reset(7, episode + 4);
      expect(task.state()).not.toEqual(state);
    }
    // The arm does not feel where it stands; the camera sees it.
    for (const tip of tips) {
      expect(Math.hypot(...tip.map((value, k) => value - tips[0]![k]!))).toBeLessThan(0.1);
    }
    expect(seen.size).toBe(4);
  });

  it("continues from a saved state exactly", () => {
    task.reset(4, 1);
    task.push([0, 0, 5, 0, 0, 0]);
    const torque = task.torqueLimit.map((limit) => 0.05 * limit);
    for (let tick = 0; tick < 10; tick++) task.step(torque);
    const saved = task.save();
    const run = (): unknown[] => {
      for (let tick = 0; tick < 10; tick++) task.step(torque);
      return [task.observe(), task.error(), task.renderOtherGoal(), task.transforms()];
    };
    const first = run();
    task.reset(0, 0);
    task.restore(saved);
    expect(run()).toEqual(first);
  });
});
