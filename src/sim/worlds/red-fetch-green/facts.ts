import type { WorldFacts } from "../world.js";
import { TILE_CLASSES } from "./tiles.js";

/** Tiles of the room in a row and a column, walls included; pixels of a tile. */
export const ROOM = 8;
export const TILE = 8;

export const FACTS: WorldFacts = {
  name: "red-fetch-green",
  picture: { width: ROOM * TILE, height: ROOM * TILE, channels: 3 },
  frames: 1,
  classes: TILE_CLASSES,
  salient: ["agent", "target"],
  empty: ["empty"],
  actions: { kind: "discrete", names: ["left", "right", "forward", "pickup"] },
  controlPeriod: 0.1,
  limit: 5 * ROOM ** 2,
};
