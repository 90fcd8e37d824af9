import { own } from "../own.js";
import { CHANGES, type Change, shiftBy, zoomTo } from "./camera-moves.js";
import { cellsUnder } from "./cells-under.js";
import type { Look } from "./look.js";
import { ago, type Moment } from "./moment.js";
import type { CameraReference } from "./reference.js";
import { pictureDistance } from "./samples.js";
import { changeAt, usualChange } from "./scene-change.js";

/** A move of the camera, and how much of the difference from the picture of the tick before it leaves, as a part. */
export interface Moved {
  readonly change: Change;
  readonly left: number;
}

/** Part of the difference that may be left: the arm moves on meanwhile. A picture of anything else leaves two thirds or more. */
const MOST_LEFT = 0.5;

/** Least shift, parts of the width: a late picture of an arm that fills it may be like a smaller one. */
const LEAST_SHIFT = 0.04;
const isLarge = (change: Change): boolean => change.kind === "zoom" || Math.hypot(change.dx, change.dy) >= LEAST_SHIFT;

/** Steps in which the best move is looked for, as parts of the width. */
const FINER = [0.025, 0.0125];

/** Moves around which it is looked for: thin things fit by chance, too. */
const STARTS = 5;

/** What the newest picture was found to be. */
const known = new WeakMap<Look, Moved | undefined>();

/**
 * The move that makes a picture like the one of the tick before again, where it changed more at once than it ever does in
 * good runs. It needs no picture of the same pose.
 */
export function movedAtOnce(moment: Moment, camera: string, look: Look, reference: CameraReference): Moved | undefined {
  if (known.has(look)) return known.get(look);
  const before = own(ago(moment, 1)?.looks ?? {}, camera);
  const isSudden = before !== undefined && changeAt(moment, camera, reference, 0) > usualChange(reference);
  const found = isSudden ? nearestMove(before, look) : undefined;
  known.set(look, found);
  return found;
}

function nearestMove(before: Look, look: Look): Moved | undefined {
  const now = pictureDistance(before.cells, look.cells);
  const under = (change: Change): Moved => ({
    change,
    left: pictureDistance(before.cells, cellsUnder(look.image, change)) / now,
  });
  const coarse = CHANGES.map(under).sort((a, b) => a.left - b.left);
  const fine = coarse
    .slice(0, STARTS)
    .map((start) => FINER.reduce((best, step) => around(best.change, step).map(under).reduce(better, best), start));
  const best = fine.reduce(better);
  return best.left <= MOST_LEFT && isLarge(best.change) ? best : undefined;
}

const better = (a: Moved, b: Moved): Moved => (b.left < a.left ? b : a);

/** The moves a step away from one. */
const around = (change: Change, step: number): Change[] =>
  change.kind === "shift"
    ? [-step, 0, step].flatMap((x) => [-step, 0, step].map((y) => shiftBy(change.dx + x, change.dy + y)))
    : [-step, step].map((more) => zoomTo(change.zoom + more));
