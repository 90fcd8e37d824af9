import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "#src/sim/random.js";
import { opticsOf } from "#src/sim/render/view.js";
import { FOUR_TARGETS, fingertip, inverseKinematics, ReacherModel } from "#src/sim/tasks/reacher/model.js";
import { Reacher } from "#src/sim/tasks/reacher/reacher.js";
import { loadTask, taskNames } from "#src/sim/tasks/tasks.js";

let four: Reacher;
let anywhere: Reacher;

beforeAll(async () => {
  four = await Reacher.load({ width: 80, height: 64 });
  anywhere = await Reacher.load({ width: 80, height: 64, targets: "random" });
});
afterAll(() => {
  four.delete();
  anywhere.delete();
});

describe("reacher", () => {
  it("runs the same to the last bit in two processes, and differently with another seed", async () => {
    const script = new URL("rollout-hash.mjs", import.meta.url).pathname;
    const hash = async (seed: string): Promise<string> =>
      (await promisify(execFile)(process.execPath, [script, seed])).stdout;
    const hashes = [await hash("5"), await hash("5"), await hash("6")];
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  it("starts each episode anywhere, with the four targets in turn or random ones in reach", () => {
    const starts = new Set<number>();
    for (let episode = 0; episode < 40; episode++) {
      four.reset(1, episode);
      const goal = four.transforms().find(({ child }) => child === "target")!;
      expect(goal.translation.slice(0, 2)).toEqual(FOUR_TARGETS[episode % 4]);
      starts.add(four.observe().position[0]!);
      anywhere.reset(1, episode);
      expect(anywhere.observe().position).toEqual(four.observe().position);
      const [x, y] = anywhere.transforms().find(({ child }) => child === "target")!.translation;
      expect(Math.hypot(x, y)).toBeGreaterThanOrEqual(0.1);
      expect(Math.hypot(x, y)).toBeLessThanOrEqual(0.23);
    }
    expect(starts.size).toBe(40);
  });

  it("is solved by its expert from every start", () => {
    for (const task of [four, anywhere]) {
      for (let episode = 0; episode < 60; episode++) {
        task.reset(2, episode);
        for (let tick = 0; tick < task.ticks; tick++) task.step(task.expert());
        expect(task.error()).toBeLessThan(1e-3);
        expect(task.success()).toBe(true);
      }
    }
    four.reset(2, 0);
    expect(four.success()).toBe(false);
  });

  it("starts near one pose where it is asked to, with so many fixed targets in turn", async () => {
    const near = await Reacher.load({ width: 16, height: 12, targets: 3, starts: "near" });
    const targets = Array.from({ length: 6 }, (_, episode) => {
      near.reset(8, episode);
      for (const value of near.state().map(Math.abs)) expect(value).toBeLessThan(0.1 + 5 * 0.03);
      return near.goal();
    });
    expect(targets.slice(3)).toEqual(targets.slice(0, 3));
    expect(new Set(targets.map(String)).size).toBe(3);
    for (const [x, y] of targets) expect(Math.hypot(x!, y!)).toBeGreaterThanOrEqual(0.1);
    near.reset(9, 4);
    expect(near.goal()).toEqual(targets[1]);
    const before = near.state();
    near.reset(9, 7);
    expect(near.goal()).toEqual(targets[1]);
    expect(near.state()).not.toEqual(before);
    near.delete();
  });

  it("gives position and velocity of joints and fingertip as configuration", () => {
    four.reset(3, 0);
    for (let tick = 0; tick < 5; tick++) four.step([0.2, -0.1]);
    const { values, position, velocity } = four.observe();
    expect(four.modalities.map(({ name }) => name)).toEqual(Object.keys(values));
    expect(values.joint_position).toEqual(position);
    expect(values.joint_velocity).toEqual(velocity);
    expect(Math.abs(velocity[0]!)).toBeGreaterThan(1);
    const tip = fingertip(position);
    expect(values.end_effector_position![0]).toBeCloseTo(tip[0], 12);
    expect(values.end_effector_position![1]).toBeCloseTo(tip[1], 12);
    const later = fingertip(position.map((q, j) => q + 1e-6 * velocity[j]!));
    expect(values.end_effector_velocity![0]).toBeCloseTo((later[0] - tip[0]) / 1e-6, 4);
    expect(values.end_effector_velocity![1]).toBeCloseTo((later[1] - tip[1]) / 1e-6, 4);
  });

  it("continues from a saved state exactly", () => {
    anywhere.reset(4, 7);
    for (let tick = 0; tick < 10; tick++) anywhere.step(anywhere.expert());
    const saved = anywhere.save();
    const run = (): unknown[] => {
      for (let tick = 0; tick < 10; tick++) anywhere.step(anywhere.expert());
      return [anywhere.observe(), anywhere.error(), anywhere.renderOtherGoal()];
    };
    const first = run();
    anywhere.reset(0, 0);
    anywhere.restore(saved);
    expect(run()).toEqual(first);
  });

  it("draws another goal without a change to the episode", () => {
    anywhere.reset(5, 1);
    const before = anywhere.observe();
    const saved = anywhere.save();
    const other = anywhere.renderOtherGoal();
    expect(anywhere.save()).toEqual(saved);
    expect(anywhere.observe()).toEqual(before);
    const changed = other.filter((value, byte) => value !== before.image[byte]).length;
    expect(changed).toBeGreaterThan(10);
    expect(changed).toBeLessThan(other.length / 20);
  });

  it("clips torques to their limits and reports it; refuses NaN", () => {
    four.reset(6, 0);
    const saved = four.save();
    expect(four.step([5, -5])).toBe(true);
    const clipped = four.save();
    four.restore(saved);
    expect(four.step([0.3, -0.3])).toBe(false);
    expect(four.save()).toEqual(clipped);
    expect(() => four.step([Number.NaN, 0])).toThrow(/torque of joint "shoulder" is NaN; expected a finite number/);
    expect(() => four.step([0])).toThrow(/torque of joint "elbow" is undefined/);
  });

  it("flags the elbow's limit in the importance factor", () => {
    four.reset(7, 0);
    for (let tick = 0; tick < 40; tick++) four.step([0, 0.3]);
    expect(four.importance().flags).toEqual(["at_limit"]);
    expect(four.observe().position[1]).toBeLessThan(2.8);
  });

  it("has link poses that lead to the fingertip", () => {
    four.reset(8, 0);
    four.step([0.1, 0.1]);
    const transforms = four.transforms();
    const names = transforms.map(({ parent, child }) => `${parent}>${child}`);
    expect(names).toEqual([
      "world>base_link",
      "base_link>upper_arm",
      "upper_arm>forearm",
      "forearm>fingertip",
      "world>target",
      "world>camera_optical_frame",
    ]);
    // All joints turn about z: angles add up along the chain.
    let [x, y, angle] = [0, 0, 0];
    for (const { translation, rotation } of transforms.slice(0, 4)) {
      x += Math.cos(angle) * translation[0] - Math.sin(angle) * translation[1];
      y += Math.sin(angle) * translation[0] + Math.cos(angle) * translation[1];
      angle += 2 * Math.atan2(rotation[2], rotation[3]);
      expect(Math.hypot(...rotation)).toBeCloseTo(1, 12);
    }
    const tip = fingertip(four.observe().position);
    expect(x).toBeCloseTo(tip[0], 12);
    expect(y).toBeCloseTo(tip[1], 12);
    // The optical frame looks down: its z axis is the world's −z, its x axis the world's x.
    const camera = transforms.at(-1)!;
    expect(camera.translation).toEqual([0, 0, 1.5]);
    expect(camera.rotation.map((value) => Math.abs(value))).toEqual([1, 0, 0, 0]);
  });

  it("projects the target to its place in the image by calibration and camera pose", () => {
    four.reset(3, 2);
    const transforms = four.transforms();
    const [x, y, z] = transforms.find(({ child }) => child === "target")!.translation;
    const { translation, rotation } = transforms.find(({ child }) => child === four.cameraFrame)!;
    // Rows of the rotation's inverse: world → camera (x right, y down, z forward).
    const [qx, qy, qz, qw] = rotation;
    const inverse = [
      [1 - 2 * (qy * qy + qz * qz), 2 * (qx * qy + qz * qw), 2 * (qx * qz - qy * qw)],
      [2 * (qx * qy - qz * qw), 1 - 2 * (qx * qx + qz * qz), 2 * (qy * qz + qx * qw)],
      [2 * (qx * qz + qy * qw), 2 * (qy * qz - qx * qw), 1 - 2 * (qx * qx + qy * qy)],
    ];
    const from = [x - translation[0], y - translation[1], z - translation[2]];
    const [u, v, w] = inverse.map((row) => row.reduce((sum, value, i) => sum + value * from[i]!, 0));
    const { intrinsics, projection, rectification, distortion } = opticsOf(four);
    const pixel = [0, 1].map(
      (row) => (intrinsics[3 * row]! * u! + intrinsics[3 * row + 1]! * v!) / w! + intrinsics[3 * row + 2]!,
    );
    const seen = four.imagePoints().target!;
    expect(pixel[0]! + 0.5).toBeCloseTo(seen.x, 6);
    expect(pixel[1]! + 0.5).toBeCloseTo(seen.y, 6);
    expect([0, 1, 2, 4, 5, 6, 8, 9, 10].map((i) => projection[i])).toEqual([...intrinsics]);
    expect([3, 7, 11].map((i) => projection[i])).toEqual([0, 0, 0]);
    expect([...rectification]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect([...distortion]).toEqual([0, 0, 0, 0, 0]);
  });

  it("has inverse kinematics that invert the forward kinematics", async () => {
    const model = await ReacherModel.load(16, 16);
    const numbers = random(9);
    for (let trial = 0; trial < 50; trial++) {
      const target = model.randomTarget(numbers);
      const tip = fingertip(inverseKinematics(target));
      expect(tip[0]).toBeCloseTo(target[0], 12);
      expect(tip[1]).toBeCloseTo(target[1], 12);
    }
    model.delete();
  });
});

describe("tasks", () => {
  it("are loaded by name", async () => {
    expect(taskNames).toEqual(["reacher", "peg", "door", "baxter"]);
    const task = await loadTask("reacher", { width: 16, height: 12 });
    expect([task.width, task.height, task.joints]).toEqual([16, 12, ["shoulder", "elbow"]]);
    task.delete();
    expect(() => loadTask("juggling", { width: 16, height: 12 })).toThrow(
      'no task named "juggling"; expected reacher, peg, door, baxter',
    );
  });
});

describe("random numbers", () => {
  it("are uniform and normal, and uncorrelated between neighbouring seeds", () => {
    const count = 20_000;
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [a, b] = [random(1, 2), random(1, 3)];
    const [u, v] = [a, b].map((numbers) => Array.from({ length: count }, () => numbers.uniform()));
    expect(mean(u!)).toBeCloseTo(0.5, 2);
    expect(mean(u!.map((value) => value * value))).toBeCloseTo(1 / 3, 2);
    expect(Math.abs(mean(u!.map((value, i) => (value - 0.5) * (v![i]! - 0.5))) * 12)).toBeLessThan(0.03);
    const normal = Array.from({ length: count }, () => a.normal());
    expect(Math.abs(mean(normal))).toBeLessThan(0.03);
    expect(mean(normal.map((value) => value * value))).toBeCloseTo(1, 1);
    const firsts = Array.from({ length: 2000 }, (_, episode) => random(0, episode).uniform());
    expect(mean(firsts)).toBeCloseTo(0.5, 1);
    expect(new Set(Array.from({ length: 600 }, () => a.integer(6)))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  });
});
