import type { Point } from "../../expert/state-cost.js";
import { insertion, type ToolPoint } from "../manipulation/insertion.js";
import { SEVEN_JOINTS, SEVEN_LINKS } from "../manipulation/seven-dof.js";
import type { ManipulationSpec } from "../manipulation/spec.js";

/** Hinge angle of the open door, rad, and the part of it that counts as success. */
const OPEN = 1;
const ENOUGH = 0.8;
/** Hinge angle at the end of the plan, rad: further than open, since the door resists. */
const PULLED = 1.12;
/** The handle's opening in the frame of the closed door, metres. */
const GAP: Point = [0.34, -0.026, -0.258];
const RADIUS = Math.hypot(GAP[0], GAP[1]);
/** Height of the hook's tip above the handle before it goes in, and its depth below at the end, metres. */
const HOVER = 0.045;
const DEPTH = 0.05;
/** Depth of the tip below the bar's top from which the hook counts as in the handle, metres. */
const IN = 0.01;
const LENGTH = 0.3;
const TOOL: readonly ToolPoint[] = [
  { site: "ee", above: 0 },
  { site: "hook_top", above: LENGTH },
];
/** Lead of the hook over the door while it pulls, rad. */
const LEAD = 0.1;
/** Ticks of the plan: the hook is above the handle, at rest there, begins to go in, is in and pulls, has pulled; the last one. */
const ABOVE = 30;
const STILL = 31;
const DOWN = 32;
const PULL = 46;
const PULLED_AT = 92;
const LAST = 96;

/**
 * The paper's door opening: a hook goes into the handle of a hinged door and pulls it open. The arm's base has four
 * positions; the configuration is joint positions and velocities and the tip's in the base frame. Only the camera shows
 * the hinge.
 */
export const DOOR_SPEC: ManipulationSpec = {
  name: "door",
  model: "door.xml",
  robot: "door.urdf",
  joints: SEVEN_JOINTS,
  ticks: 100,
  start: [-0.1, 0.1, -1.54, -2.1, 1.54, -0.2, 0, 0],
  startNoise: 0.03,
  bases: { far: [0, 0], near: [0, 0.1], right_far: [0.1, 0], right_near: [0.1, 0.1] },
  goal: { body: "door_frame", place: [-0.12, 0.72, 0], site: "handle" },
  area: { low: [-0.25, 0.6], high: [-0.1, 0.75] },
  links: { ...SEVEN_LINKS, hook: "hand_link" },
  passive: (tick) => [PULLED * fraction(tick, PULL, PULLED_AT)],
  measure: (_, __, positions) => {
    const angle = positions[SEVEN_JOINTS.length]!;
    return {
      error: RADIUS * Math.max(0, OPEN - angle),
      progress: Math.max(0, Math.min(1, angle / OPEN)),
      success: angle >= ENOUGH * OPEN,
    };
  },
  expert: {
    first: [-0.22, 0.62, 0],
    goals: (start, frame) =>
      TOOL.map(({ site, above }) => {
        const from = start(site);
        return {
          site,
          point: (tick: number): Point => {
            const near = Math.min(1, tick / ABOVE);
            const part = near * (2 - near);
            const down = fraction(tick, DOWN, PULL);
            const gap = handle(frame, PULLED * fraction(tick, PULL, PULLED_AT));
            const to = [gap[0], gap[1], gap[2] + above + HOVER - down * (HOVER + DEPTH)];
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
    // Goes down only where the hook is aligned.
    hold: (phase, site, frame) => {
      const tip = site("ee");
      const gap = handle(frame, 0);
      if (tip[2] < gap[2] - IN) return phase;
      const astray = Math.hypot(tip[0] - gap[0], tip[1] - gap[1]);
      const free = Math.max(0, Math.min(1, (0.016 - astray) / 0.006));
      return Math.min(phase, STILL + free * (LAST - STILL));
    },
  },
  pursuit: {
    // The hook in the handle, ahead of the door while the hook is low enough; and the door open.
    errors: (site, frame, positions) => {
      const angle = positions[SEVEN_JOINTS.length]!;
      const low = 1 / (1 + Math.exp((site("ee")[2] - handle(frame, angle)[2]) / 0.008));
      const ahead = low * LEAD * Math.tanh((PULLED - angle) / LEAD);
      return [
        ...insertion(site, TOOL, handle(frame, angle + ahead), DEPTH),
        { error: [RADIUS * (PULLED - angle)], squared: 10, linear: 1 },
      ];
    },
    velocityWeight: 2,
    controlWeight: 2e-3,
  },
};

/** Position of the handle's opening at a hinge angle, rad. */
function handle(frame: Point, angle: number): Point {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [frame[0] + GAP[0] * cos + GAP[1] * sin, frame[1] - GAP[0] * sin + GAP[1] * cos, frame[2] + GAP[2]];
}

/** Position of a tick between two others, 0 to 1. */
function fraction(tick: number, from: number, to: number): number {
  return Math.max(0, Math.min(1, (tick - from) / (to - from)));
}
