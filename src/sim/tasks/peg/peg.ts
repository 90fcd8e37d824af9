import type { Point } from "../../expert/state-cost.js";
import { insertion, type ToolPoint } from "../manipulation/insertion.js";
import { SEVEN_JOINTS, SEVEN_LINKS } from "../manipulation/seven-dof.js";
import type { ManipulationSpec } from "../manipulation/spec.js";

/** Ticks of the plan: the peg is above the hole, is at rest there, begins to go in, and is in. */
const ABOVE = 40;
const STILL = 41;
const DOWN = 42;
const SEATED = 82;
/** Last control step of the plan to follow. */
const LAST = 92;
/** Height of the tip above the hole before it goes in, and its depth below the rim at the end, metres. */
const HOVER = 0.03;
const DEPTH = 0.092;
const LENGTH = 0.3;
const TOOL: readonly ToolPoint[] = [
  { site: "ee", above: 0 },
  { site: "peg_top", above: LENGTH },
];
/** Depth below the rim from which the tip counts as in the hole, metres. */
const IN = 0.004;
/** Depth from which the peg counts as inserted, metres. */
const ENOUGH = 0.08;
/** Half the hole's side less the peg's radius, metres: the largest distance of the tip from the axis in the hole. */
const CLEARANCE = 0.012;

/**
 * The paper's peg insertion: a peg into a hole that only the camera shows. The arm's base has four positions on the bench
 * (those of the public GPS code); the configuration is joint positions and velocities and the tip's in the base frame.
 */
export const PEG_SPEC: ManipulationSpec = {
  name: "peg",
  model: "peg.xml",
  robot: "peg.urdf",
  joints: SEVEN_JOINTS,
  ticks: 100,
  start: [0.1, 0.1, -1.54, -1.7, 1.54, -0.2, 0],
  startNoise: 0.03,
  bases: { near: [0, 0.12], far: [0, -0.08], left_far: [-0.2, -0.08], left_near: [-0.2, 0.12] },
  goal: { body: "block", place: [0, 0.49, -0.4], site: "hole" },
  area: { low: [-0.05, 0.32], high: [0.25, 0.62] },
  links: { ...SEVEN_LINKS, peg: "hand_link" },
  measure: (site, goal) => {
    const tip = site("ee");
    const depth = goal[2] - tip[2];
    const aside = Math.hypot(tip[0] - goal[0], tip[1] - goal[1]);
    const inside = aside < CLEARANCE;
    return {
      error: Math.hypot(aside, Math.max(0, DEPTH - depth)),
      progress: inside ? Math.max(0, Math.min(1, depth / ENOUGH)) : 0,
      success: inside && depth >= ENOUGH,
    };
  },
  expert: {
    first: [0.2, 0.57, -0.4],
    goals: (start, goal) =>
      TOOL.map(({ site, above }) => {
        const from = start(site);
        return {
          site,
          point: (tick: number): Point => {
            const near = Math.min(1, tick / ABOVE);
            const part = near * (2 - near);
            const down = Math.min(1, Math.max(0, (tick - DOWN) / (SEATED - DOWN)));
            const to = [goal[0], goal[1], goal[2] + above + HOVER - down * (HOVER + DEPTH)];
            return from.map((value, k) => value + part * (to[k]! - value)) as unknown as Point;
          },
        };
      }),
    weights: () => ({ squared: 200, linear: 1 }),
    velocityWeight: 1e-2,
    controlWeight: 1e-3,
    postureWeight: 5,
    last: LAST,
    ahead: 3,
    // Goes down only where the peg is aligned.
    hold: (phase, site, goal) => {
      const tip = site("ee");
      if (tip[2] < goal[2] - IN) return phase;
      const top = site("peg_top");
      const aside = (at: Point): number => Math.hypot(at[0] - goal[0], at[1] - goal[1]);
      const astray = Math.max(aside(tip), 0.5 * aside(top));
      const free = Math.max(0, Math.min(1, (0.01 - astray) / 0.004));
      return Math.min(phase, STILL + free * (LAST - STILL));
    },
  },
  pursuit: {
    errors: (site, goal) => insertion(site, TOOL, goal, DEPTH),
    velocityWeight: 2,
    controlWeight: 2e-3,
  },
};
