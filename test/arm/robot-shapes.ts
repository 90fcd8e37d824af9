import { type PlainJoint, type PlainLink, random, type Triple } from "./robots.js";

/** Joints of an arm from its base to its tip: type, offset, turn, axis. */
type Step = readonly [type: PlainJoint["type"], xyz: Triple, rpy: Triple, axis: Triple];

const H = Math.PI / 2;
const R = "revolute";
const C = "continuous";
const P = "prismatic";

/** The kinematics of common arms. Axes are of any length; limits are added where URDF ignores them. */
const SHAPES: Readonly<Record<string, readonly Step[]>> = {
  "planar 2R": [
    [R, [0, 0, 0.1], [0, 0, 0], [0, 0, 1]],
    [R, [0.3, 0, 0], [0, 0, 0], [0, 0, 1]],
  ],
  "planar 3R on a wall": [
    [R, [0, 0, 0.2], [H, 0, 0], [0, 1, 0]],
    [R, [0, 0, 0.2], [0, 0, 0], [0, 2, 0]],
    [R, [0, 0, 0.2], [0, 0, 0], [0, -1, 0]],
  ],
  "six axes with an offset wrist": [
    [R, [0, 0, 0.16], [0, 0, 0], [0, 0, 1]],
    [R, [0, 0.14, 0], [0, H, 0], [0, 1, 0]],
    [R, [0, -0.12, 0.42], [0, 0, 0], [0, 1, 0]],
    [R, [0, 0, 0.39], [0, H, 0], [0, 1, 0]],
    [R, [0, 0.09, 0], [0, 0, 0], [0, 0, 1]],
    [R, [0, 0, 0.09], [0, 0, 0], [0, 1, 0]],
  ],
  "six axes with a spherical wrist": [
    [R, [0, 0, 0.4], [0, 0, 0], [0, 0, 1]],
    [R, [0.18, 0, 0], [-H, 0, 0], [0, 0, 1]],
    [R, [0.6, 0, 0], [0, 0, 0], [0, 0, 1]],
    [R, [0.12, 0.1, 0], [-H, 0, 0], [0, 0, -1]],
    [R, [0, 0, 0.6], [H, 0, 0], [0, 0, 1]],
    [R, [0, 0, 0], [-H, 0, 0], [0, 0, 1]],
  ],
  "seven axes": [
    [R, [0, 0, 0.333], [0, 0, 0], [0, 0, 1]],
    [R, [0, 0, 0], [-H, 0, 0], [0, 0, 1]],
    [R, [0, -0.316, 0], [H, 0, 0], [0, 0, 1]],
    [R, [0.0825, 0, 0], [H, 0, 0], [0, 0, 1]],
    [R, [-0.0825, 0.384, 0], [-H, 0, 0], [0, 0, 1]],
    [R, [0, 0, 0], [H, 0, 0], [0, 0, 1]],
    [R, [0.088, 0, 0], [H, 0, 0], [0, 0, 1]],
  ],
  "seven continuous axes": [
    [C, [0, 0, 0.15], [0, Math.PI, 0], [0, 0, 1]],
    [C, [0, 0.005, -0.13], [H, 0, 0], [0, 0, 1]],
    [C, [0, -0.21, -0.006], [-H, 0, 0], [0, 0, 1]],
    [C, [0, 0.006, -0.21], [H, 0, 0], [0, 0, 3]],
    [C, [0, -0.2, -0.006], [-H, 0, 0], [0, 0, 1]],
    [C, [0, 0, -0.1], [H, 0, 0], [0, 0, 1]],
    [C, [0, -0.1, 0], [-H, 0, 0], [0, 0, 1]],
  ],
  SCARA: [
    [R, [0, 0, 0.4], [0, 0, 0], [0, 0, 1]],
    [R, [0.35, 0, 0], [0, 0, 0], [0, 0, 1]],
    [P, [0.3, 0, 0], [Math.PI, 0, 0], [0, 0, 1]],
    [C, [0, 0, 0], [0, 0, 0], [0, 0, 1]],
  ],
  gantry: [
    [P, [0, 0, 1], [0, 0, 0], [1, 0, 0]],
    [P, [0, 0, 0], [0, 0, 0], [0, 1, 0]],
    [P, [0, 0, 0], [0, 0, 0], [0, 0, -1]],
    [R, [0, 0.1, -0.2], [0, 0, 0.3], [0.3, 0.4, 0.5]],
  ],
  "cylindrical arm": [
    [R, [0, 0, 0.3], [0, 0, 0], [0, 0, 1]],
    [P, [0, 0, 0.2], [0, 0, 0], [0, 0, 1]],
    [P, [0.2, 0, 0], [0, 0, 0], [1, 0, 0]],
  ],
  "polar arm": [
    [R, [0, 0, 0.5], [0, 0, 0], [0, 0, 1]],
    [R, [0, 0.1, 0], [0.2, 0, 0], [0, 1, 0]],
    [P, [0.3, 0, 0], [0, 0.1, 0], [1, 0, 0]],
  ],
  "hobby arm of four axes": [
    [R, [0.01, 0, 0.06], [0, 0, 0], [0, 0, 1]],
    [R, [0, 0, 0.02], [0, 0, 0], [0, 1, 0]],
    [R, [0.02, 0, 0.13], [0, 0, 0], [0, 1, 0]],
    [R, [0.12, 0, 0], [0, 0, 0], [0, 1, 0]],
  ],
  "oblique axes": [
    [R, [0.1, 0.2, 0.3], [0.3, -0.7, 1.1], [1, 2, 3]],
    [R, [0.2, -0.1, 0.2], [-0.4, 0.2, 0.9], [-2, 1, 0.5]],
    [P, [0.1, 0.1, 0.1], [1.2, 0.3, -0.5], [0.1, 0.1, 0]],
    [R, [0, 0.3, 0], [0.1, 0.1, 0.1], [0, -0.01, 0.02]],
  ],
};

export const NAMES = Object.keys(SHAPES);

export interface Kind {
  /** Joints that follow the first, between the last commanded joint and the tip. */
  readonly hasFollowers?: boolean;
  /** Inertias that no rigid body has, as some exporters write them. */
  readonly isUnphysical?: boolean;
}

/** An arm of one of `NAMES` with a tool frame `tool0`; joints are j1, j2, … Masses and inertias follow from the seed. */
export function robotOf(
  name: string,
  seed: number,
  { hasFollowers = false, isUnphysical = false }: Kind = {},
): PlainLink {
  const uniform = random(seed);
  const steps = SHAPES[name]!;
  const link = (i: number, joints: readonly PlainJoint[]): PlainLink => {
    const mass = uniform(0.3, 6);
    const [a, b, c] = [uniform(0.02, 0.2), uniform(0.02, 0.2), uniform(0.02, 0.2)];
    // A box's inertia, turned by its origin; or anything positive definite.
    const [xx, yy, zz] = [b * b + c * c, a * a + c * c, a * a + b * b].map((x) => (mass * x) / 12) as [
      number,
      number,
      number,
    ];
    return {
      name: `link${i}`,
      mass,
      centre: [uniform(-0.1, 0.1), uniform(-0.1, 0.1), uniform(-0.1, 0.1)],
      turned: [uniform(-1, 1), uniform(-1, 1), uniform(-1, 1)],
      inertia: isUnphysical ? [xx, 0.02 * xx, 5 * (xx + yy), 0.01 * xx, 0, 0] : [xx, yy, zz, 0, 0, 0],
      // As long as its neighbours: they overlap.
      solid: [0.08, 0.4],
      joints,
    };
  };
  const fixed = (name: string, xyz: Triple, to: PlainLink): PlainJoint => ({
    name,
    type: "fixed",
    xyz,
    rpy: [0.1, -0.2, 0.3],
    axis: [1, 0, 0],
    damping: 0,
    limit: "",
    link: to,
  });
  const tool: PlainLink = { name: "tool0", joints: [] };
  let end: PlainJoint[] = [
    fixed("flange", [0.02, 0.01, 0.1], { name: "flange", joints: [fixed("tool", [0, 0, 0.05], tool)] }),
  ];
  if (hasFollowers) {
    const mimic = (multiplier: number, offset: number) => ({ joint: "j1", multiplier, offset });
    const follower = (name: string, type: PlainJoint["type"], by: PlainJoint["mimic"], to: PlainLink): PlainJoint => ({
      name,
      type,
      xyz: [0.1, 0, 0.1],
      rpy: [0, 0.2, 0],
      axis: [0, 2, 0],
      damping: 0.3,
      limit: "",
      link: to,
      ...(by && { mimic: by }),
    });
    end = [
      follower(
        "f1",
        "revolute",
        mimic(-1.5, 0.2),
        link(90, [follower("f2", "prismatic", mimic(0.1, -0.05), link(91, end))]),
      ),
    ];
  }
  for (const [i, [type, xyz, rpy, axis]] of [...steps.entries()].reverse()) {
    const limits = {
      continuous: '<limit lower="-0.01" upper="0.01" effort="0" velocity="1"/>',
      prismatic: "",
      revolute: '<limit lower="-6" upper="6" effort="inf" velocity="1"/>',
      fixed: "",
    };
    end = [
      { name: `j${i + 1}`, type, xyz, rpy, axis, damping: uniform(0, 2), limit: limits[type], link: link(i + 1, end) },
    ];
  }
  const base: PlainLink = { name: "base_link", solid: [0.2, 0.6], joints: end };
  return { name: "world", joints: [fixed("mount", [0.5, -0.3, 0.1], base)] };
}
