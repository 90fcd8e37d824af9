import { FACTS, MASK, MASK_PIXELS } from "./facts.js";
import type { Target } from "./rules.js";
import { ARM_SHOWN, FIRST_TILE } from "./scene.js";

const COUNTS = new Uint8Array(ARM_SHOWN + 1);

/**
 * What a cell of a mask shows: of its pixels' things the one with the most, without things of the table's most common tile;
 * of equal ones the first. The arm, with what it holds, covers nothing up.
 * @param shown what each pixel shows, [H, W]
 * @param held number of the thing in the gripper (`THINGS`); −1: none
 * @returns number of a thing or tile (`Scene.shown`); −1: neither
 */
export function shownIn(shown: Uint8Array, cell: number, held: number): number {
  const counts = COUNTS.fill(0);
  const { width } = FACTS.picture;
  const corner = Math.floor(cell / MASK) * MASK_PIXELS * width + (cell % MASK) * MASK_PIXELS;
  for (let y = 0; y < MASK_PIXELS; y++) {
    for (let x = 0; x < MASK_PIXELS; x++) {
      const what = shown[corner + y * width + x]!;
      if (what < ARM_SHOWN && what !== held) counts[what]!++;
    }
  }
  const most = (from: number, to: number): number => {
    let best = -1;
    for (let what = from; what < to; what++) if (counts[what]! > (best < 0 ? 0 : counts[best]!)) best = what;
    return best;
  };
  const thing = most(0, FIRST_TILE);
  return thing >= 0 ? thing : most(FIRST_TILE, ARM_SHOWN);
}

/** Writes 1 into the cells of a mask that show a thing or tile, 0 elsewhere, [16, 16]. */
export function maskOf(shown: Uint8Array, what: number, held: number, into: Uint8Array): void {
  for (let cell = 0; cell < MASK * MASK; cell++) into[cell] = Number(shownIn(shown, cell, held) === what);
}

/** The target that a number of a thing or tile means. @param things numbers of the episode's things (`THINGS`) */
export function targetOf(what: number, things: readonly number[]): Target | undefined {
  if (what < 0) return undefined;
  return what >= FIRST_TILE ? { cell: what - FIRST_TILE } : { thing: things.indexOf(what) };
}
