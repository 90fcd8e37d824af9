import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Arm } from "#src/arm/arm.js";
import type { Model } from "#src/arm/model.js";
import { modelFromFile, modelFromXml } from "#src/arm/mujoco.js";

const JOINTS = ["shoulder", "elbow"];
const [A, B] = [0.12, 0.13];
let model: Model;
let urdf: Model;

beforeAll(async () => {
  model = await modelFromFile("models/reacher.xml");
  urdf = await modelFromFile("urdf/reacher.urdf");
});
afterAll(() => {
  model.delete();
  urdf.delete();
});

describe("arm", () => {
  it("has the forward kinematics and tip velocity of a planar 2R arm", () => {
    const arm = new Arm(model, JOINTS, { site: "ee" });
    for (const [q1, q2, v1, v2] of [
      [0, 0, 1, 0],
      [0.3, -1.2, 0.5, -2],
      [-2.9, 2.4, -3, 4],
    ] as const) {
      const data = arm.place([q1, q2], [v1, v2]);
      const [x, y, z] = arm.tipPosition(data);
      expect(x).toBeCloseTo(A * Math.cos(q1) + B * Math.cos(q1 + q2), 12);
      expect(y).toBeCloseTo(A * Math.sin(q1) + B * Math.sin(q1 + q2), 12);
      expect(z).toBe(0);
      const [vx, vy, vz] = arm.tipVelocity(data);
      expect(vx).toBeCloseTo(-A * Math.sin(q1) * v1 - B * Math.sin(q1 + q2) * (v1 + v2), 12);
      expect(vy).toBeCloseTo(A * Math.cos(q1) * v1 + B * Math.cos(q1 + q2) * (v1 + v2), 12);
      expect(vz).toBe(0);
    }
    arm.delete();
  });

  it("takes its joints in the policy's order and knows their limits", () => {
    const arm = new Arm(model, ["elbow", "shoulder"], { site: "ee" });
    expect(arm.limits).toEqual([
      { lower: -2.7, upper: 2.7, effort: 0.3 },
      { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY, effort: 0.3 },
    ]);
    const data = arm.place([0.5, 1]);
    expect(arm.tipPosition(data)[0]).toBeCloseTo(A * Math.cos(1) + B * Math.cos(1.5), 12);
    arm.delete();
  });

  it("rejects joints that are missing or have no single axis", async () => {
    expect(() => new Arm(model, ["knee"], { site: "ee" })).toThrow(/no joint named "knee"/);
    expect(() => new Arm(model, JOINTS, { body: "hand" })).toThrow(/no body named "hand"/);
    const ball = await modelFromXml(
      `<mujoco><worldbody><body name="b"><joint name="ball" type="ball"/><geom size="1"/></body></worldbody></mujoco>`,
      "ball.xml",
    );
    expect(() => new Arm(ball, ["ball"], { body: "b" })).toThrow(/joint "ball".*expected a hinge or a slide/);
    ball.delete();
  });

  it("is the same from the URDF as from the MJCF", () => {
    const [fromUrdf, fromMjcf] = [new Arm(urdf, JOINTS, { body: "fingertip" }), new Arm(model, JOINTS, { site: "ee" })];
    expect(fromUrdf.limits).toEqual(fromMjcf.limits);
    expect([...urdf.arrays.get("dof_damping")]).toEqual([...model.arrays.get("dof_damping")]);
    for (const name of ["upper_arm", "forearm"]) {
      const [u, m] = [urdf.id("body", name), model.id("body", name)];
      expect(urdf.arrays.get("body_mass")[u]).toBeCloseTo(model.arrays.get("body_mass")[m]!, 9);
    }
    const inertia = (arm: Arm, q: readonly number[]): number[] => {
      const { mj, raw, nv } = arm.model;
      const buffer = new mj.DoubleBuffer(nv * nv);
      const data = arm.place(q);
      data.forward();
      mj.mj_fullM(raw, data.raw, buffer);
      const values = [...buffer.GetView()];
      buffer.delete();
      return values;
    };
    for (const q of [
      [0, 0],
      [1, -2],
      [-3, 0.7],
    ]) {
      expect(inertia(fromUrdf, q)).toHaveLength(4);
      inertia(fromUrdf, q).forEach((value, i) => {
        expect(Math.abs(value / inertia(fromMjcf, q)[i]! - 1)).toBeLessThan(1e-6);
      });
      const tips = [fromUrdf, fromMjcf].map((arm) => arm.tipPosition(arm.place(q)));
      for (let k = 0; k < 3; k++) expect(Math.abs(tips[0]![k]! - tips[1]![k]!)).toBeLessThan(1e-9);
    }
    fromUrdf.delete();
    fromMjcf.delete();
  });

  it("is read from a URDF without its meshes", async () => {
    const text = await readFile("urdf/reacher.urdf", "utf8");
    const meshes = text.replaceAll(
      "</visual>",
      `</visual><collision><geometry><mesh filename="package://arm/none.stl"/></geometry></collision>`,
    );
    const other = await modelFromXml(meshes, "meshes.urdf");
    const arm = new Arm(other, JOINTS, { body: "fingertip" });
    expect(arm.tipPosition(arm.place([0, 0]))[0]).toBeCloseTo(A + B, 9);
    arm.delete();
    other.delete();
  });
});
