import type { WorldEntry } from "../world.js";
import { FACTS } from "./facts.js";

export const HIGHWAY: WorldEntry = {
  facts: FACTS,
  load: async () => {
    const { Highway } = await import("./highway.js");
    return (canvas) => new Highway(canvas);
  },
};
