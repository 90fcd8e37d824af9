import type { WorldEntry } from "../world.js";
import { FACTS } from "./facts.js";

export const BREAKOUT: WorldEntry = {
  facts: FACTS,
  load: async () => {
    const { Breakout } = await import("./breakout.js");
    return (canvas) => new Breakout(canvas);
  },
};
