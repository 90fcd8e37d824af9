import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelFromFile } from "#src/arm/mujoco.js";
import { random } from "#src/sim/random.js";
import { ARM, TARGET } from "#src/sim/render/sight.js";
import { Baxter, TOLERANCE } from "#src/sim/tasks/baxter/baxter.js";
import { RIGHT_JOINTS } from "#src/sim/tasks/baxter/model.js";
import type { Task } from "#src/sim/tasks/task.js";

let four: Task;
let anywhere: Task;

beforeAll(async () => {
  four = await Baxter.load({ width: 120, height: 90 });
  anywhere = await Baxter.load({ width: 120, height: 90, targets: "random" });
});
afterAll(() => {
  four.delete();
  anywhere.delete();
});

/** Left and right parts of the state: positions and velocities. */
const halves = (task: Task): { right: number[]; left: number[] } => {
  const state = task.state();
  const [position, velocity] = [state.slice(0, 14), state.slice(14)];
  return {
    right: [...position.slice(0, 7), ...velocity.slice(0, 7)],
    left: [...position.slice(7), ...velocity.slice(7)],
  };
};

const translation = (task: Task, child: string): readonly number[] =>
  task.transforms().find((transform) => transform.child === child)!.translation;

describe("the two-armed reaching task", () => {
  it("is solved by its expert from every start, in at least 98 % under 2 % torque noise too", () => {
    const [trials, noisy] = [30, 50];
    for (const task of [four, anywhere]) {
      for (let episode = 0; episode < trials; episode++) {
        task.reset(2, episode);
        expect(task.success()).toBe(false);
        for (let tick = 0; tick < task.ticks; tick++) task.step(task.expert());
        expect(task.error()).toBeLessThan(1e-3);
        expect(task.success()).toBe(true);
      }
    }
    let met = 0;
    for (let episode = 0; episode < noisy; episode++) {
      const noise = random(4, episode);
      anywhere.reset(3, episode);
      for (let tick = 0; tick < anywhere.ticks; tick++) {
        const torque = anywhere.expert().map((value, j) => value + 0.02 * anywhere.torqueLimit[j]! * noise.normal());
        anywhere.step(torque);
      }
      if (anywhere.success()) met++;
    }
    expect(met).toBeGreaterThanOrEqual(49);
  });

  it("takes the four places in turn, or any in reach of both arms, in view of the camera and away from the block", () => {
    const places = new Set<string>();
    for (let episode = 0; episode < 40; episode++) {
      four.reset(1, episode);
      places.add(four.goal().join());
      anywhere.reset(1, episode);
      expect(anywhere.goalProblem(anywhere.goal())).toBeUndefined();
      expect(anywhere.observe().position).toEqual(four.observe().position);
      expect(anywhere.error()).toBeGreaterThan(2 * TOLERANCE);
      for (const { x, y } of Object.values(anywhere.imagePoints())) {
        expect([x > 0, x < anywhere.width, y > 0, y < anywhere.height]).toEqual([true, true, true, true]);
      }
      // The left hand is where the episode wants it.
      translation(anywhere, "target").forEach((value, k) => {
        expect(value).toBeCloseTo(anywhere.goal()[k]!, 9);
      });
    }
    expect(places.size).toBe(4);
  });

  it("reaches every corner of the area within the joints' limits", async () => {
    const model = await modelFromFile("models/baxter.xml");
    const range = model.arrays.get("jnt_range").slice();
    model.delete();
    expect(range).toHaveLength(28);
    for (const x of [0.57, 0.75]) {
      for (const y of [-0.18, 0.18]) {
        for (const z of [0, 0.3]) {
          anywhere.reset(1, 0);
          expect(anywhere.goalProblem([x, y, z])).toBeUndefined();
          anywhere.moveGoal([x, y, z]);
          for (let tick = 0; tick < anywhere.ticks; tick++) anywhere.step(anywhere.expert());
          expect(anywhere.success()).toBe(true);
          const state = anywhere.state();
          for (let joint = 0; joint < 14; joint++) {
            expect(state[joint]! - range[2 * joint]!).toBeGreaterThan(0.1);
            expect(range[2 * joint + 1]! - state[joint]!).toBeGreaterThan(0.1);
          }
        }
      }
    }
  });

  it("knows nothing of the left arm but its picture", () => {
    anywhere.reset(5, 1);
    const before = anywhere.observe();
    anywhere.moveGoal([0.6, -0.1, 0.2]);
    const { values, image } = anywhere.observe();
    expect(values).toEqual(before.values);
    expect(image).not.toEqual(before.image);
    expect(anywhere.modalities.map(({ name, size }) => [name, size])).toEqual([
      ["joint_position", 7],
      ["joint_velocity", 7],
    ]);
    expect(anywhere.joints).toEqual(RIGHT_JOINTS);
  });

  it("leaves the left arm where it is, to the last bit, and drives the right one alone", () => {
    anywhere.reset(6, 2);
    const before = halves(anywhere);
    for (let tick = 0; tick < 20; tick++) anywhere.step(anywhere.expert());
    expect(halves(anywhere).left).toEqual(before.left);
    expect(halves(anywhere).right).not.toEqual(before.right);
    anywhere.push([0, 0, -30, 0, 0, 0]);
    for (let tick = 0; tick < 5; tick++) anywhere.step(new Float64Array(7));
    expect(halves(anywhere).left).toEqual(before.left);
    anywhere.push(null);
  });

  it("has an importance factor that the left arm does not change", () => {
    anywhere.reset(7, 0);
    const here = anywhere.importance();
    expect(here.flags).toEqual([]);
    anywhere.moveGoal([0.7, 0.15, 0.05]);
    anywhere.importance().importance.forEach((value, j) => {
      expect(value).toBeCloseTo(here.importance[j]!, 9);
    });
    // The last joint turns the block around its own axis.
    expect(here.importance[6]).toBeLessThan(0.1 * Math.max(...here.importance));
    expect(Math.max(...here.importance)).toBeGreaterThan(1);
  });

  it("continues from a saved state exactly, and draws other places without a change to the episode", () => {
    anywhere.reset(4, 7);
    for (let tick = 0; tick < 10; tick++) anywhere.step(anywhere.expert());
    const saved = anywhere.save();
    const before = anywhere.observe();
    expect(anywhere.renderOtherGoal()).not.toEqual(before.image);
    expect([anywhere.save(), anywhere.observe()]).toEqual([saved, before]);
    const run = (): unknown[] => {
      for (let tick = 0; tick < 10; tick++) anywhere.step(anywhere.expert());
      return [anywhere.observe(), anywhere.error(), anywhere.goal(), anywhere.renderOtherGoal()];
    };
    const first = run();
    anywhere.reset(0, 0);
    anywhere.restore(saved);
    expect(run()).toEqual(first);
  });

  it("shows the left hand and the block where they are in the image", () => {
    for (let episode = 0; episode < 10; episode++) {
      anywhere.reset(8, episode);
      const { segmentation } = anywhere.sight();
      const near = (name: string): number[] => {
        const { x, y } = anywhere.imagePoints()[name]!;
        return [-2, 0, 2].flatMap((down) =>
          [-2, 0, 2].map((right) => segmentation[Math.floor(y + down) * anywhere.width + Math.floor(x + right)]!),
        );
      };
      expect(near("target")).toContain(TARGET);
      expect(near("fingertip")).toContain(ARM);
    }
  });

  it("refuses places out of reach with the range of each axis", () => {
    const problem = "expected [x, y, z] in metres from the torso, x 0.57 to 0.75, y -0.18 to 0.18, z 0 to 0.3";
    for (const goal of [
      [0.6, 0.1],
      [0.6, 0.1, 0.4],
      [0.5, 0, 0.1],
      [Number.NaN, 0, 0.1],
    ]) {
      expect(four.goalProblem(goal)).toBe(problem);
    }
  });
});
