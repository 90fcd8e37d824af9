import { describe, expect, it } from "vitest";
import { Arm } from "#src/arm/arm.js";
import { ImportanceFactor } from "#src/arm/importance.js";
import { modelFromXml } from "#src/arm/mujoco.js";
import { PlainArm } from "./plain-arm.js";
import { NAMES, robotOf } from "./robot-shapes.js";
import { random, urdfOf } from "./robots.js";

const PERIOD = 0.05;

/** Largest differences of tip position, tip velocity and α from those written out, over some states. */
async function compared(name: string, seed: number, kind: Parameters<typeof robotOf>[2]) {
  const robot = robotOf(name, seed, kind);
  const plain = new PlainArm(robot);
  const joints = plain.free;
  const model = await modelFromXml(urdfOf(robot), name);
  const arm = new Arm(model, joints, { body: "tool0" });
  const factor = new ImportanceFactor(arm, PERIOD);
  const uniform = random(seed + 1);
  const worst = { position: 0, velocity: 0, importance: 0 };
  const largest = (a: ArrayLike<number>, b: readonly number[]) => Math.max(...b.map((x, i) => Math.abs(x - a[i]!)));
  for (let state = 0; state < 4; state++) {
    const [q, v] = [joints.map(() => uniform(-1.2, 1.2)), joints.map(() => uniform(-1, 1))];
    const [position, velocity] = [q, v].map((values) =>
      Object.fromEntries(joints.map((joint, i) => [joint, values[i]!])),
    );
    const data = arm.place(q, v);
    worst.position = Math.max(worst.position, largest(arm.tipPosition(data), plain.tip(position!, "tool0") as never));
    worst.velocity = Math.max(
      worst.velocity,
      largest(arm.tipVelocity(data), plain.tipVelocity(position!, velocity!, "tool0") as never),
    );
    const steps = Math.round(PERIOD / model.timestep);
    const expected = plain.importance(position!, "tool0", joints, model.timestep, steps);
    const analytic = factor.of(data, undefined, "analytic");
    worst.importance = Math.max(worst.importance, largest(analytic.importance, expected));
  }
  for (const each of [factor, arm, model]) each.delete();
  return worst;
}

describe.each(NAMES)("%s", (name) => {
  it.each([
    ["with neighbours that overlap", {}],
    ["with joints that follow the first", { hasFollowers: true }],
    ["with inertias that no body has", { isUnphysical: true }],
  ])("%s moves and weighs as URDF says", async (_, kind) => {
    for (const seed of [1, 2]) {
      const { position, velocity, importance } = await compared(name, seed, kind);
      expect(position).toBeLessThan(1e-12);
      expect(velocity).toBeLessThan(1e-12);
      expect(importance).toBeLessThan(1e-6);
    }
  });
});
