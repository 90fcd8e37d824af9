import { describe, expect, it } from "vitest";
import { Arm } from "#src/arm/arm.js";
import { ImportanceFactor } from "#src/arm/importance.js";
import { modelFromXml } from "#src/arm/mujoco.js";

const MASS =
  '<inertial><mass value="1"/><inertia ixx="0.01" iyy="0.01" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial>';
const ball = (radius: number, name = "shape") =>
  `<collision name="${name}"><geometry><sphere radius="${radius}"/></geometry></collision>`;
const link = (name: string, inside = MASS) => `<link name="${name}">${inside}</link>`;
const joint = (name: string, type: string, parent: string, child: string, inside = "") =>
  `<joint name="${name}" type="${type}"><parent link="${parent}"/><child link="${child}"/>${inside}</joint>`;
const at = (x: number, z = 0) => `<origin xyz="${x} 0 ${z}"/>`;
const robot = (...parts: string[]) =>
  `<?xml version="1.0"?>\n<!-- <mujoco> -->\n<robot name="r">${parts.join("")}</robot>`;

/** A pendulum of one link with a tip, and more parts. */
const pendulum = (hinge: string, ...more: string[]) =>
  robot(link("base", ""), link("rod"), link("tip", ""), hinge, joint("end", "fixed", "rod", "tip", at(1)), ...more);

async function inspected(urdf: string, joints: string[], q: number[], tip = "tip") {
  const model = await modelFromXml(urdf, "r");
  const arm = new Arm(model, joints, { body: tip });
  const factor = new ImportanceFactor(arm, 0.05);
  const { flags, importance } = factor.at(
    q,
    q.map(() => 0),
  );
  const found = {
    flags,
    importance: [...importance],
    limits: arm.limits,
    tip: [...arm.tipPosition(arm.place(q))],
    problems: model.problems,
    unknown: model.unknownInertia,
  };
  for (const each of [factor, arm, model]) each.delete();
  return found;
}

const FREE = { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY, effort: Number.POSITIVE_INFINITY };

describe("limits of a URDF", () => {
  it.each([
    ["continuous", '<limit lower="-0.1" upper="0.1" effort="0" velocity="1"/>', FREE],
    ["continuous", "", FREE],
    ["revolute", '<limit lower="-1" upper="2" effort="inf" velocity="1"/>', { ...FREE, lower: -1, upper: 2 }],
    ["revolute", '<limit lower="0" upper="0" effort="3" velocity="0"/>', { ...FREE, effort: 3 }],
    ["revolute", '<limit lower="1" upper="-1" effort="-3" velocity="0"/>', FREE],
    ["prismatic", '<limit upper="2" effort="1e1" velocity="0"/>', { lower: 0, upper: 2, effort: 10 }],
    ["revolute", '<limit lower="?" upper="2" effort="?" velocity="?"/>', FREE],
  ])("%s %s", async (type, limit, expected) => {
    const { limits, flags } = await inspected(
      pendulum(joint("j", type, "base", "rod", `<axis xyz="0 0 1"/>${limit}`)),
      ["j"],
      [1],
    );
    expect(limits).toEqual([expected]);
    expect(flags).toEqual([]);
  });
});

describe("contacts of a URDF", () => {
  const Y = '<axis xyz="0 1 0"/>';
  const solid = (name: string, radius: number) => link(name, MASS + ball(radius));
  const arm = (base: string, ...more: string[]) =>
    robot(
      link("world", ""),
      base,
      solid("rod", 0.2),
      link("tip", ""),
      joint("j", "revolute", "base", "rod", Y),
      joint("end", "fixed", "rod", "tip", at(1)),
      ...more,
    );
  const mounted = joint("mount", "fixed", "world", "base", at(0, 1));

  it.each([
    ["a base", arm(solid("base", 0.2), mounted)],
    ["a base of two shapes of one name", arm(link("base", ball(0.2) + ball(0.1)), mounted)],
    [
      "what carries a base without a shape",
      arm(
        link("base", ""),
        solid("stand", 0.2),
        joint("on", "fixed", "world", "stand"),
        joint("mount", "fixed", "stand", "base", at(0, 0.1)),
      ),
    ],
    ["a base behind a floating joint", arm(solid("base", 0.2), joint("mount", "floating", "world", "base"))],
  ])("are none between a link and %s", async (_, urdf) => {
    expect((await inspected(urdf, ["j"], [0])).flags).toEqual([]);
  });

  it("are found with what no joint connects to the link", async () => {
    const wall = (x: number) =>
      arm(solid("base", 0.2), mounted, solid("wall", 0.2), joint("on", "fixed", "base", "wall", at(x)));
    expect((await inspected(wall(0.3), ["j"], [0])).flags).toContain("in_contact");
    expect((await inspected(wall(0.5), ["j"], [0])).flags).toEqual([]);
  });
});

describe("inertia of a URDF", () => {
  const hinge = joint("j", "revolute", "base", "rod", '<axis xyz="0 1 0"/>');

  it("is not needed by links that are fixed to one with mass, or to the world", async () => {
    const { flags, unknown } = await inspected(
      pendulum(hinge, link("camera", ball(0.1)), joint("c", "fixed", "tip", "camera")),
      ["j"],
      [0.5],
    );
    expect([flags, unknown]).toEqual([[], []]);
  });

  it.each([
    ["is missing", ""],
    ["has no mass", MASS.replace('value="1"', 'value="0"')],
    ["has a bad number", MASS.replace('value="1"', 'value="heavy"')],
    ["has a negative mass", MASS.replace('value="1"', 'value="-1"')],
    ["is of a shape alone", ball(0.1)],
  ])("that %s makes α 1, and leaves the kinematics", async (_, inertial) => {
    const two = robot(
      link("base", ""),
      link("a", inertial),
      link("b"),
      joint("j", "prismatic", "base", "a"),
      joint("k", "prismatic", "a", "b", at(1)),
    );
    const found = await inspected(two, ["j", "k"], [0.5, 0.25], "b");
    expect(found.importance).toEqual([1, 1]);
    expect(found.flags).toEqual(["importance_unknown"]);
    expect(found.tip).toEqual([1.75, 0, 0]);
    expect(found.unknown).toEqual(['r: link "a" moves and has no mass']);
  });
});

describe("joints of a URDF", () => {
  it("that cannot be placed take their links away, not the others", async () => {
    const broken = [
      link("arm"),
      link("hand"),
      joint("k", "revolute", "base", "arm", '<origin xyz="1 x 0"/>'),
      joint("g", "fixed", "arm", "hand"),
    ];
    const found = await inspected(pendulum(joint("j", "prismatic", "base", "rod"), ...broken), ["j"], [0.5]);
    expect(found.tip).toEqual([1.5, 0, 0]);
    expect(found.flags).toEqual(["importance_unknown"]);
    expect(found.problems).toEqual(['r: joint "k": xyz of <origin>: found "1 x 0", expected 3 numbers']);
    const model = await modelFromXml(pendulum(joint("j", "prismatic", "base", "rod"), ...broken), "r");
    expect(() => new Arm(model, ["k"], { body: "tip" })).toThrow('r: no joint named "k"');
    model.delete();
  });

  it("follow others through several, and stay where their own state is known", async () => {
    const mimic = (of: string, by: number, from: number) =>
      `<mimic joint="${of}" multiplier="${by}" offset="${from}"/>`;
    const chain = robot(
      ...["base", "a", "b", "c"].map((name) => link(name)),
      joint("k", "prismatic", "a", "b", mimic("j", 2, 0.5)),
      joint("l", "prismatic", "b", "c", mimic("k", -1, 0.25)),
      joint("j", "prismatic", "base", "a"),
    );
    expect((await inspected(chain, ["j"], [1], "c")).tip[0]).toBeCloseTo(1 + 2.5 - 2.25, 12);
    expect((await inspected(chain, ["j", "k"], [1, 1], "c")).tip[0]).toBeCloseTo(1 + 1 - 0.75, 12);
  });

  it.each([
    [
      "two parents",
      [link("a"), link("b"), joint("j", "fixed", "a", "b"), joint("k", "fixed", "a", "b")],
      'link "b" is the child of two joints',
    ],
    [
      "a circle",
      [link("a"), link("b"), joint("j", "fixed", "a", "b"), joint("k", "fixed", "b", "a")],
      "connect all links in a circle",
    ],
  ])("that make %s are refused", async (_, parts, reason) => {
    await expect(modelFromXml(robot(...parts), "r")).rejects.toThrow(reason);
  });
});

it("an MJCF joint that follows another by a polynomial moves and weighs with it", async () => {
  const mjcf = `<mujoco><compiler angle="radian"/><worldbody><body name="a"><joint name="j" type="slide" axis="1 0 0"/><geom size=".1" mass="1"/>
    <body name="tip"><joint name="k" type="slide" axis="0 1 0"/><geom size=".1" mass="2"/></body></body></worldbody>
    <equality><joint joint1="k" joint2="j" polycoef="0.1 0 3 0 0"/></equality></mujoco>`;
  const model = await modelFromXml(mjcf, "r");
  const arm = new Arm(model, ["j"], { body: "tip" });
  const factor = new ImportanceFactor(arm, 0.05);
  const data = arm.place([0.5], [2]);
  expect([...arm.tipPosition(data)]).toEqual([0.5, expect.closeTo(0.85, 12), 0]);
  expect([...arm.tipVelocity(data)]).toEqual([2, expect.closeTo(6, 12), 0]);
  // 3 kg along x and 2 kg · 3² along y: m = 21; 25 steps of h = 2 ms.
  const moved = (0.002 ** 2 * (25 * 26)) / 2 / 21;
  expect(factor.analytic(data)[0]).toBeCloseTo(moved * Math.hypot(1, 3), 12);
  for (const each of [factor, arm, model]) each.delete();
});
