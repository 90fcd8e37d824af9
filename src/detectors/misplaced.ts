import { CHANGES, type Change } from "./camera-moves.js";
import { cellsUnder } from "./cells-under.js";
import type { Camera, FoundAt } from "./each.js";
import type { Look } from "./look.js";
import type { Moment } from "./moment.js";
import { movedAtOnce } from "./moved-at-once.js";
import type { CameraReference } from "./reference.js";
import { comparable, misfitOf, type Near, usualMisfit } from "./samples.js";

/**
 * Difference from good runs in the nearest poses, 1 for more than these differ from each other.
 * @param limit a difference that is larger need not be exact
 */
export function misfit(
  cells: Float32Array,
  near: Near,
  { misfits }: CameraReference,
  limit: number = Number.POSITIVE_INFINITY,
): number {
  const usual = 1.2 * usualMisfit(misfits, near.distance) + 1;
  return misfitOf(cells, near.samples, limit * usual) / usual;
}

/** The change that makes the picture like the good runs'; of one picture all detectors ask for it. */
const known = new WeakMap<Look, Placed>();

interface Placed {
  readonly change: Change;
  /** Misfit after the change, and before. */
  readonly left: number;
  readonly now: number;
}

/**
 * A picture that is like that of the tick before, or like those of good runs in the same pose, once it is moved, or cut less.
 */
export function misplaced(
  moment: Moment,
  { name, look, reference }: Camera,
  kind: Change["kind"],
): FoundAt | undefined {
  if (!reference) return undefined;
  const jump = movedAtOnce(moment, name, look, reference);
  if (jump)
    return jump.change.kind === kind
      ? { score: 1 / jump.left, isSure: true, text: `${name}: like the tick before where it is ${jump.change.text}` }
      : undefined;
  let best = known.get(look);
  if (!best) {
    const near = comparable(reference.samples, reference.misfits, moment.ticks.at(-1)!.position);
    const now = misfit(look.cells, near, reference);
    for (const change of now < 1 ? [] : CHANGES) {
      const left = misfit(cellsUnder(look.image, change), near, reference, best?.left);
      if (!best || left < best.left) best = { change, left, now };
    }
    if (!best || !Number.isFinite(near.distance)) return undefined;
    known.set(look, best);
  }
  const { change, left, now } = best;
  if (change.kind !== kind || left > (left < 1 ? 0.6 : 0.4) * now) return undefined;
  return { score: now, text: `${name}: like good runs where it is ${change.text}` };
}
