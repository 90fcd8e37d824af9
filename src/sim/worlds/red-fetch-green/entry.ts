import type { WorldEntry } from "../world.js";
import { FACTS } from "./facts.js";

export const RED_FETCH_GREEN: WorldEntry = {
  facts: FACTS,
  load: async () => {
    const { RedFetchGreen } = await import("./red-fetch-green.js");
    return (canvas) => new RedFetchGreen(canvas);
  },
};
