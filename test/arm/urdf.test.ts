import { describe, expect, it } from "vitest";
import { Arm } from "#src/arm/arm.js";
import { ImportanceFactor } from "#src/arm/importance.js";
import { modelFromXml } from "#src/arm/mujoco.js";
import { PlainArm } from "./plain-arm.js";
import { NAMES, robotOf } from "./robot-shapes.js";
import { random, urdfOf } from "./robots.js";

const PERIOD = 0.05;

/**
 * Largest differences of tip position, tip velocity and α from those written out, over some states.
 * @param isCommanded of the joint at an index; the others are only measured
 */
async function compared(
  name: string,
  seed: number,
  kind: Parameters<typeof robotOf>[2],
  isCommanded: (i: number) => boolean = () => true,
) {
  const robot = robotOf(name, seed, kind);
  const plain = new PlainArm(robot);
  const all = plain.free;
  const joints = all.filter((_, i) => isCommanded(i));
  const measured = all.filter((_, i) => !isCommanded(i));
  const model = await modelFromXml(urdfOf(robot), name);
  const arm = new Arm(model, joints, { body: "tool0" });
  const factor = new ImportanceFactor(arm, PERIOD);
  const uniform = random(seed + 1);
  const worst = { position: 0, velocity: 0, importance: 0 };
  const largest = (a: ArrayLike<number>, b: readonly number[]) => Math.max(...b.map((x, i) => Math.abs(x - a[i]!)));
  for (let state = 0; state < 4; state++) {
    const [position, velocity] = [1.2, 1].map((most) =>
      Object.fromEntries(all.map((joint) => [joint, uniform(-most, most)])),
    );
    const [q, v] = [position, velocity].map((values) => joints.map((joint) => values![joint]!));
    const others = measured.map(
      (joint) => [joint, { position: position![joint]!, velocity: velocity![joint]! }] as const,
    );
    expect(arm.others.names).toEqual(measured);
    const data = arm.place(q!, v, new Map(others));
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

  it.each<[string, (i: number) => boolean]>([
    ["the first", (i) => i > 0],
    ["every second", (i) => i % 2 === 1],
    ["the last", (i) => i === 0],
  ])("has joints that are only measured, %s, where they are", async (_, isCommanded) => {
    const { position, velocity, importance } = await compared(name, 3, { hasFollowers: true }, isCommanded);
    expect(position).toBeLessThan(1e-12);
    expect(velocity).toBeLessThan(1e-12);
    expect(importance).toBeLessThan(1e-6);
  });
});
