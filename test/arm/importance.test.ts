import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Arm } from "#src/arm/arm.js";
import { Data } from "#src/arm/data.js";
import { ImportanceFactor, unknownImportance } from "#src/arm/importance.js";
import type { Model } from "#src/arm/model.js";
import { modelFromFile, modelFromXml } from "#src/arm/mujoco.js";

const PERIOD = 0.05;
let model: Model;
let arm: Arm;
let factor: ImportanceFactor;

beforeAll(async () => {
  model = await modelFromFile("models/reacher.xml");
  arm = new Arm(model, ["shoulder", "elbow"], { site: "ee" });
  factor = new ImportanceFactor(arm, PERIOD);
});
afterAll(() => {
  factor.delete();
  arm.delete();
  model.delete();
});

function cosine(a: Float64Array, b: Float64Array): number {
  const dot = (x: Float64Array, y: Float64Array): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** The planar 2R arm of models/reacher.xml written out: tip displacement by unit torque over five damped steps. */
function closedForm(q1: number, q2: number): number[] {
  const [l1, c1, m1, i1] = [0.12, 0.06, 0.3, 0.00036];
  const [l2, c2, m2, i2] = [0.13, 0.065, 0.2, 0.00028];
  const coupling = m2 * l1 * c2 * Math.cos(q2);
  const m22 = i2 + m2 * c2 * c2;
  const m12 = m22 + coupling;
  const m11 = i1 + m1 * c1 * c1 + i2 + m2 * (l1 * l1 + c2 * c2) + 2 * coupling;
  const [h, d] = [0.01, 0.02];
  const [a, b, c] = [m11 + h * d, m12, m22 + h * d];
  const determinant = a * c - b * b;
  const s12 = Math.sin(q1 + q2);
  const c12 = Math.cos(q1 + q2);
  return [0, 1].map((joint) => {
    let [v1, v2, d1, d2] = [0, 0, 0, 0];
    for (let step = 0; step < 5; step++) {
      const p1 = m11 * v1 + m12 * v2 + (joint === 0 ? h : 0);
      const p2 = m12 * v1 + m22 * v2 + (joint === 1 ? h : 0);
      [v1, v2] = [(c * p1 - b * p2) / determinant, (a * p2 - b * p1) / determinant];
      d1 += h * v1;
      d2 += h * v2;
    }
    const dx = -(l1 * Math.sin(q1) + l2 * s12) * d1 - l2 * s12 * d2;
    const dy = (l1 * Math.cos(q1) + l2 * c12) * d1 + l2 * c12 * d2;
    return Math.hypot(dx, dy);
  });
}

describe("importance factor", () => {
  it("is the closed form of a planar 2R arm", () => {
    for (const q of [
      [0, 0.1],
      [0.7, 1.3],
      [-2, -2.2],
      [3, 2.6],
    ] as const) {
      const expected = closedForm(q[0], q[1]);
      const effect = factor.analytic(arm.place(q));
      for (const j of [0, 1]) expect(effect[j]! / expected[j]!).toBeCloseTo(1, 6);
      const { importance, flags } = factor.at(q, [0, 0]);
      const sum = expected[0]! + expected[1]!;
      for (const j of [0, 1]) expect(importance[j]).toBeCloseTo((2 * expected[j]!) / sum, 6);
      expect(importance[0]! + importance[1]!).toBeCloseTo(2, 12);
      expect(flags).toEqual([]);
    }
  });

  it("agrees with rollouts at rest and moving, for both directions of the probe", () => {
    for (let trial = 0; trial < 40; trial++) {
      const q = [Math.sin(trial) * 3, 0.2 + 2 * Math.abs(Math.cos(3 * trial))];
      const v = trial % 2 === 0 ? [0, 0] : [2 * Math.cos(5 * trial), 2 * Math.sin(7 * trial)];
      const data = arm.place(q, v);
      const analytic = factor.analytic(data);
      for (const torque of [undefined, [0.1, -0.1], [-0.2, 0.05]]) {
        const rollout = factor.rollout(data, torque);
        expect(cosine(rollout, analytic)).toBeGreaterThan(0.97);
        for (const j of [0, 1]) expect(Math.abs(rollout[j]! / analytic[j]! - 1)).toBeLessThan(0.25);
      }
    }
  });

  it("does not change the state", () => {
    const data = new Data(model);
    data.arrays.get("ctrl").set([0.1, 0.2]);
    data.step(10);
    const other = new Data(model);
    other.copyFrom(data);
    factor.of(data);
    factor.rollout(data);
    data.step(10);
    other.step(10);
    expect([...data.arrays.get("qpos"), ...data.arrays.get("qvel")]).toEqual([
      ...other.arrays.get("qpos"),
      ...other.arrays.get("qvel"),
    ]);
    data.delete();
    other.delete();
  });

  it("is computed by rollouts at a joint limit, where pushing against it moves little", () => {
    const at = factor.at([0.4, 2.6999], [0, 0]);
    expect(at.flags).toEqual(["at_limit"]);
    expect(factor.at([0.4, 2.5], [0, 6]).flags).toEqual(["at_limit"]);
    expect(factor.at([0.4, 2.5], [0, 0]).flags).toEqual([]);
    const into = factor.at([0.4, 2.6999], [0, 0], [0.1, 0.1]).importance[1]!;
    const away = factor.at([0.4, 2.6999], [0, 0], [0.1, -0.1]).importance[1]!;
    expect(into).toBeLessThan(0.7 * away);
  });

  it("is computed by rollouts in contact, where a wall blocks a torque's effect", async () => {
    // A slide along x that presses against a wall, and one along y that is free.
    const press = await modelFromXml(
      `<mujoco><option timestep="0.01" gravity="0 0 0"/><worldbody>
        <geom name="wall" type="box" pos="0.5 0 0" size="0.1 1 1" friction="0"/>
        <body name="x" pos="0.35 0 0"><inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>
          <joint name="x" type="slide" axis="1 0 0"/>
          <body name="y"><joint name="y" type="slide" axis="0 1 0"/><geom name="ball" size="0.049" mass="1" friction="0"/>
          <site name="tip"/></body></body>
        <body name="crate" pos="-2 0 0"><freejoint/><geom name="crate" size="0.1"/></body>
        <geom name="shelf" type="box" pos="-2 0 -0.19" size="0.2 0.2 0.1"/>
        </worldbody><actuator><motor name="x" joint="x"/><motor name="y" joint="y"/></actuator></mujoco>`,
      "press",
    );
    const pressArm = new Arm(press, ["x", "y"], { site: "tip" });
    const pressFactor = new ImportanceFactor(pressArm, PERIOD);
    const data = new Data(press);
    data.forward();
    expect(pressArm.inContact(data)).toBe(false);
    // The crate touches its shelf from the start: that is no contact of the arm's.
    expect(data.raw.ncon).toBeGreaterThan(0);
    expect(pressFactor.of(data).flags).toEqual([]);
    data.arrays.get("ctrl")[0] = 5;
    data.step(150);
    const pressing = pressFactor.of(data, [1, 1]);
    expect(pressing.flags).toEqual(["in_contact"]);
    // The joint's actuator is off in a rollout: contact springs back, and only the difference counts.
    expect(pressing.importance[0]).toBeLessThan(0.5 * pressing.importance[1]!);
    const free = pressFactor.of(data, [-1, 1]);
    expect(free.importance[0]).toBeGreaterThan(pressing.importance[0]!);
    data.delete();
    pressFactor.delete();
    pressArm.delete();
    press.delete();
  });

  it("is 1 for every joint where the dynamics are not known", () => {
    const { importance, flags } = unknownImportance(7);
    expect([...importance]).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(flags).toEqual(["importance_unknown"]);
  });

  it("names a joint whose state is missing or NaN", () => {
    expect(() => factor.at([Number.NaN, 0], [0, 0])).toThrow(/position of joint "shoulder" is NaN/);
    expect(() => factor.at([0, 0], [0])).toThrow(/velocity of joint "elbow" is undefined/);
  });
});
