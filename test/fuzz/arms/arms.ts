import { Arm } from "#src/arm/arm.js";
import { ImportanceFactor } from "#src/arm/importance.js";
import { modelFromXml } from "#src/arm/mujoco.js";
import { PlainArm } from "../../arm/plain-arm.js";
import { type PlainLink, random, urdfOf } from "../../arm/robots.js";
import { failed, within } from "../failed.js";
import { kind } from "../kind.js";
import { mjcfOf } from "./mjcf.js";
import { type RobotCase, robotCases, robotOf } from "./robot.js";

const PERIOD = 0.05;

/** Random robots as URDF and MJCF: tip, its velocity, α and limits as URDF's definition says, written out plainly. */
export const arms = kind<RobotCase>({
  name: "arms",
  about: "random URDF and MJCF arms: kinematics, α and limits, against plain code",
  cases: robotCases,
  holds: async (made) => {
    const robot = robotOf(made);
    if (robot.commanded.length === 0) return "no joint";
    if (made.format === "MJCF" && robot.hasUnknownInertia) return "MJCF without mass";
    const plain = new PlainArm(robot.plain);
    const model = await modelFromXml(made.format === "URDF" ? urdfOf(robot.written) : mjcfOf(robot.written), "r");
    const arm = new Arm(model, robot.commanded, { body: robot.tip });
    const factor = new ImportanceFactor(arm, PERIOD);
    try {
      if (model.problems.length > 0) failed(`problems of a sound robot: ${model.problems}`);
      checkLimits(arm, robot.plain);
      const uniform = random(made.seed + 1);
      let outcome = made.format as string;
      for (let state = 0; state < 2; state++) {
        const q = robot.commanded.map(() => uniform(-1.2, 1.2));
        const v = robot.commanded.map(() => uniform(-1, 1));
        const named = (values: readonly number[]) =>
          Object.fromEntries(robot.commanded.map((joint, i) => [joint, values[i]!]));
        const data = arm.place(q, v);
        near(arm.tipPosition(data), plain.tip(named(q), robot.tip), 1e-9, "tip");
        near(arm.tipVelocity(data), plain.tipVelocity(named(q), named(v), robot.tip), 1e-9, "tip velocity");
        const found = factor.of(data, undefined, "analytic");
        const isUnknown = found.flags.includes("importance_unknown");
        if (robot.hasUnknownInertia) {
          if (!isUnknown || found.importance.some((alpha) => alpha !== 1)) failed("α is known without inertia");
          outcome = "inertia unknown";
          continue;
        }
        const steps = Math.round(PERIOD / model.timestep);
        const expected = plain.importance(named(q), robot.tip, robot.commanded, model.timestep, steps);
        if (expected.every(Number.isFinite)) within(found.importance, expected, 1e-5, "α");
        else if (!isUnknown) failed(`α is ${found.importance} where no torque moves the tip`);
      }
      return outcome;
    } finally {
      for (const each of [factor, arm, model]) each.delete();
    }
  },
});

function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string): void {
  for (let i = 0; i < expected.length; i++)
    if (!(Math.abs(actual[i]! - expected[i]!) <= tolerance * (1 + Math.abs(expected[i]!))))
      failed(`${what}: ${Array.from(actual)}, expected ${Array.from(expected)}`);
}

/** Limits of the commanded joints: none of a continuous joint, whatever its `<limit>` says. */
function checkLimits(arm: Arm, root: PlainLink): void {
  const limits = new Map<string, readonly [number, number]>();
  const walk = (link: PlainLink): void => {
    for (const { name, type, limit, link: below } of link.joints) {
      const range = type === "continuous" ? undefined : /lower="([^"]*)" upper="([^"]*)"/.exec(limit);
      limits.set(
        name,
        range ? [Number(range[1]), Number(range[2])] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
      );
      walk(below);
    }
  };
  walk(root);
  arm.joints.forEach((joint, j) => {
    const { lower, upper } = arm.limits[j]!;
    const [least, most] = limits.get(joint)!;
    if (Math.abs(lower - least) > 1e-9 || Math.abs(upper - most) > 1e-9)
      failed(`limits of ${joint}: ${lower} to ${upper}, expected ${least} to ${most}`);
  });
}
