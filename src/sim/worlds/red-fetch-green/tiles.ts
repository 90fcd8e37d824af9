/**
 * Pictures of tiles as MiniGrid draws them: 3 × 3 samples a pixel, grid lines along the upper and left edge, a disc for a
 * ball, a triangle for the agent.
 */

/** Classes of tiles, by label. */
export const TILE_CLASSES = ["empty", "wall", "agent", "target", "distractor"] as const;

type TileClass = (typeof TILE_CLASSES)[number];
type Colour = readonly [red: number, green: number, blue: number];

interface TileKind {
  readonly label: TileClass;
  readonly colour: Colour;
  /** True for a sample that the object covers; x to the right, y down, 0 to 1. */
  readonly covers: (x: number, y: number) => boolean;
}

const GREY: Colour = [100, 100, 100];
const LINE = 0.031;

const ball = (label: TileClass, colour: Colour): TileKind => ({
  label,
  colour,
  covers: (x, y) => (x - 0.5) ** 2 + (y - 0.5) ** 2 <= 0.31 ** 2,
});

/** The agent, after so many quarter turns to the right from facing right. */
const agent = (turns: number): TileKind => ({
  label: "agent",
  colour: [255, 0, 0],
  covers: (x, y) => {
    let [a, b] = [x - 0.5, y - 0.5];
    for (let turn = 0; turn < turns; turn++) [a, b] = [b, -a];
    // Corners (0.12, 0.19), (0.87, 0.5), (0.12, 0.81).
    const along = (a + 0.5 - 0.12) / 0.75;
    return along >= 0 && Math.abs(b) <= 0.31 * (1 - along);
  },
});

/** Contents of tiles; the agent's four directions (right, down, left, up) come last. */
const KINDS: readonly TileKind[] = [
  { label: "empty", colour: [0, 0, 0], covers: () => false },
  { label: "wall", colour: GREY, covers: () => true },
  ball("target", [0, 255, 0]),
  ball("distractor", [0, 0, 255]),
  ball("distractor", [255, 255, 0]),
  agent(0),
  agent(1),
  agent(2),
  agent(3),
];

export const EMPTY = 0;
export const WALL = 1;
export const GREEN = 2;
export const BLUE = 3;
export const YELLOW = 4;
/** The agent that faces right; the three directions after it follow. */
export const AGENT = 5;

/** Label of each kind of tile. */
export const TILE_LABELS = Uint8Array.from(KINDS, ({ label }) => TILE_CLASSES.indexOf(label));

/** Pictures of the kinds of tiles, [kind, 3, size, size]. */
export function tilePictures(size: number): Uint8Array {
  const pictures = new Uint8Array(KINDS.length * 3 * size * size);
  let at = 0;
  for (const kind of KINDS) {
    for (let channel = 0; channel < 3; channel++) {
      for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) pictures[at++] = pixel(kind, size, x, y, channel);
    }
  }
  return pictures;
}

const SAMPLES = 3;

/** Mean of a pixel's samples, rounded down. */
function pixel({ colour, covers }: TileKind, size: number, x: number, y: number, channel: number): number {
  let sum = 0;
  for (let j = 0; j < SAMPLES; j++) {
    for (let i = 0; i < SAMPLES; i++) {
      const u = (SAMPLES * x + i + 0.5) / (SAMPLES * size);
      const v = (SAMPLES * y + j + 0.5) / (SAMPLES * size);
      if (covers(u, v)) sum += colour[channel]!;
      else if (u <= LINE || v <= LINE) sum += GREY[channel]!;
    }
  }
  return Math.floor(sum / SAMPLES ** 2);
}
