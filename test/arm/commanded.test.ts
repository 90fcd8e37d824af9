import { afterAll, beforeAll, expect, test } from "vitest";
import { Arm } from "#src/arm/arm.js";
import { ImportanceFactor, importanceWithoutArm, type Moving } from "#src/arm/importance.js";
import type { Model } from "#src/arm/model.js";
import { modelFromFile } from "#src/arm/mujoco.js";

/** α of commands that are no torques: how far the tip moves, by differences of the arm's forward kinematics. */

const PERIOD = 0.05;
let model: Model;
let arm: Arm;
beforeAll(async () => {
  model = await modelFromFile("models/reacher.xml");
  arm = new Arm(model, ["shoulder", "elbow"], { site: "ee" });
});
afterAll(() => {
  arm.delete();
  model.delete();
});

const factorOf = (outputs: readonly Moving[]) => new ImportanceFactor(arm, PERIOD, outputs);

function alpha(outputs: readonly Moving[], q: readonly number[]): { alpha: number[]; flags: readonly string[] } {
  const factor = factorOf(outputs);
  const { importance, flags } = factor.at(q, [0.3, -0.4]);
  factor.delete();
  return { alpha: Array.from(importance), flags };
}

/** Distance of the tip for a small change of one joint, a unit of it. */
function moved(q: readonly number[], joint: number): number {
  const h = 1e-5;
  const tip = (by: number) => arm.tipPosition(arm.place(q.map((x, j) => (j === joint ? x + by : x))));
  const [a, b] = [tip(h), tip(-h)];
  return Math.hypot(...a.map((x, i) => x - b[i]!)) / (2 * h);
}

const POSES = [
  [0.1, 0.4],
  [-1.2, 1.7],
  [2.1, -0.9],
];

test("a position counts by how far the tip moves with it", () => {
  for (const q of POSES) {
    const effects = [moved(q, 0), moved(q, 1)];
    const sum = effects[0]! + effects[1]!;
    const found = alpha(
      [
        { name: "shoulder", effect: "position" },
        { name: "elbow", effect: "position" },
      ],
      q,
    );
    expect(found.flags).toEqual([]);
    for (const [j, effect] of effects.entries()) expect(found.alpha[j]).toBeCloseTo((2 * effect) / sum, 6);
  }
});

test("outputs in another order than the arm's joints keep their own, and a gripper counts 1", () => {
  const q = POSES[1]!;
  const [shoulder, elbow] = [moved(q, 0), moved(q, 1)];
  const found = alpha(
    [
      { name: "elbow", effect: "position" },
      { name: "gripper", effect: "one" },
      { name: "shoulder", effect: "position" },
    ],
    q,
  ).alpha;
  expect(found[0]).toBeCloseTo((2 * elbow) / (shoulder + elbow), 6);
  expect(found[1]).toBe(1);
  expect(found[2]).toBeCloseTo((2 * shoulder) / (shoulder + elbow), 6);
});

test("a velocity counts by how far the tip moves in a control period", () => {
  const q = POSES[2]!;
  const [position, velocity] = [moved(q, 0), PERIOD * moved(q, 1)];
  const found = alpha(
    [
      { name: "shoulder", effect: "position" },
      { name: "elbow", effect: "velocity" },
    ],
    q,
  ).alpha;
  expect(found[0]).toBeCloseTo((2 * position) / (position + velocity), 6);
});

test("a torque beside a position counts by its own displacement over the period", () => {
  const q = POSES[0]!;
  const whole = new ImportanceFactor(arm, PERIOD);
  const torque = whole.analytic(arm.place(q, [0.3, -0.4]))[1]!;
  whole.delete();
  const position = moved(q, 0);
  const found = alpha(
    [
      { name: "shoulder", effect: "position" },
      { name: "elbow", effect: "torque" },
    ],
    q,
  ).alpha;
  expect(found[1]).toBeCloseTo((2 * torque) / (position + torque), 6);
});

test("the end effector's own commands count 1 each, with nothing to flag", () => {
  const outputs: Moving[] = ["x", "y", "gripper"].map((name) => ({ name, effect: "one" }));
  expect(alpha(outputs, POSES[0]!)).toEqual({ alpha: [1, 1, 1], flags: [] });
  expect(importanceWithoutArm(outputs)).toEqual({ importance: Float64Array.of(1, 1, 1), flags: [] });
});

test("without an arm all count 1, and a joint among them is flagged", () => {
  const outputs: Moving[] = [
    { name: "shoulder", effect: "position" },
    { name: "gripper", effect: "one" },
  ];
  expect(importanceWithoutArm(outputs)).toEqual({
    importance: Float64Array.of(1, 1),
    flags: ["importance_unknown"],
  });
});
