import type { WorldFacts } from "../world.js";

export const FACTS: WorldFacts = {
  name: "highway",
  picture: { width: 128, height: 128, channels: 3 },
  frames: 2,
  classes: ["sky", "ground", "road", "mark", "rail", "car", "ego"],
  salient: ["mark", "rail", "car"],
  empty: ["sky", "ground"],
  actions: {
    kind: "continuous",
    names: ["steering", "throttle"],
    units: ["rad", "m/s²"],
    low: [-0.04, -4],
    high: [0.04, 4],
  },
  controlPeriod: 0.05,
  limit: 400,
};
