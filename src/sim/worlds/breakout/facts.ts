import type { WorldFacts } from "../world.js";

/** Raw frames a step; the picture holds the brighter of the last two. */
export const SKIP = 4;

export const FACTS: WorldFacts = {
  name: "breakout",
  picture: { width: 84, height: 84, channels: 1 },
  frames: 2,
  classes: ["background", "wall", "brick", "paddle", "ball"],
  salient: ["brick", "paddle", "ball"],
  empty: ["background"],
  actions: { kind: "discrete", names: ["noop", "fire", "right", "left"] },
  controlPeriod: SKIP / 60,
  limit: 5000,
  opening: 60,
};
