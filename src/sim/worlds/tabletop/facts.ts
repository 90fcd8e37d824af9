import type { WorldFacts } from "../world.js";
import { INSTRUCTION_LENGTH, VOCABULARY } from "./grammar.js";
import { ACTIONS } from "./rules.js";
import { COLOURS, KINDS } from "./things.js";

/** Cells of a mask in a row and a column, and pixels of the picture in a cell's row and column. */
export const MASK = 16;
const SIZE = 64;
export const MASK_PIXELS = SIZE / MASK;

/** Labels of pixels. */
export const [BACKGROUND, TABLE, ARM, TARGET, OTHER] = [0, 1, 2, 3, 4];

export const FACTS: WorldFacts = {
  name: "tabletop",
  picture: { width: SIZE, height: SIZE, channels: 3 },
  frames: 1,
  classes: ["background", "table", "arm", "target", "other"],
  salient: ["arm", "target"],
  empty: ["background"],
  actions: { kind: "discrete", names: ACTIONS, mask: { width: MASK, height: MASK } },
  kinds: [
    ["background", "table", "arm", "hand", ...KINDS, "open drawer"],
    ["none", ...COLOURS],
  ],
  controlPeriod: 0.2,
  limit: 80,
  language: { vocabulary: { words: VOCABULARY, padding: 0, begin: 1, end: 2, unknown: 3 }, length: INSTRUCTION_LENGTH },
};
