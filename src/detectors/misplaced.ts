import { percent } from "../numbers/format.js";
import type { Camera, FoundAt } from "./each.js";
import { cellsOf, type Look, originsOf, type Place } from "./look.js";
import type { Moment } from "./moment.js";
import type { CameraReference } from "./reference.js";
import { comparable, misfitOf, type Near, usualMisfit } from "./samples.js";

/** Difference from good runs in the nearest poses, 1 for more than these differ from each other. */
export const misfit = (cells: Float32Array, near: Near, { misfits }: CameraReference): number =>
  misfitOf(cells, near.samples) / (1.2 * usualMisfit(misfits, near.distance) + 1);

const SHIFTS = [-0.2, -0.15, -0.1, -0.05, 0, 0.05, 0.1, 0.15, 0.2];
const ZOOMS = [0.55, 0.65, 0.75, 0.85];

interface Change {
  readonly kind: "shift" | "zoom";
  readonly text: string;
  readonly place: (width: number, height: number) => Place;
}

const CHANGES: readonly Change[] = [
  ...SHIFTS.flatMap((dx) =>
    SHIFTS.filter((dy) => dx !== 0 || dy !== 0).map((dy) => ({
      kind: "shift" as const,
      text: `moved by ${percent(Math.hypot(dx, dy))} of its width`,
      place: (width: number) => (x: number, y: number) => [x + dx * width, y + dy * width] as const,
    })),
  ),
  ...ZOOMS.map((zoom) => ({
    kind: "zoom" as const,
    text: `cut to ${percent(zoom)} of its width`,
    place: (width: number, height: number) => {
      const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
      return (x: number, y: number) => [cx + (x - cx) / zoom, cy + (y - cy) / zoom] as const;
    },
  })),
];

const ORIGINS = new Map<string, Int32Array>();

function originsUnder(change: Change, width: number, height: number): Int32Array {
  const key = `${CHANGES.indexOf(change)} ${width} ${height}`;
  const origins = ORIGINS.get(key) ?? originsOf(width, height, change.place(width, height));
  ORIGINS.set(key, origins);
  return origins;
}

/** The change that makes the picture like the good runs'; of one picture all detectors ask for it. */
const known = new WeakMap<Look, Placed>();

interface Placed {
  readonly change: Change;
  /** Misfit after the change, and before. */
  readonly left: number;
  readonly now: number;
}

/** A picture that is like those of good runs in the same pose once it is moved, or cut less. */
export function misplaced(
  moment: Moment,
  { name, look, reference }: Camera,
  kind: Change["kind"],
): FoundAt | undefined {
  if (!reference) return undefined;
  const { width, height } = look.image;
  let best = known.get(look);
  if (!best) {
    const near = comparable(reference.samples, reference.misfits, moment.ticks.at(-1)!.position);
    const now = misfit(look.cells, near, reference);
    for (const change of now < 1 ? [] : CHANGES) {
      const left = misfit(cellsOf(look.image, originsUnder(change, width, height)), near, reference);
      if (!best || left < best.left) best = { change, left, now };
    }
    if (!best || !Number.isFinite(near.distance)) return undefined;
    known.set(look, best);
  }
  const { change, left, now } = best;
  if (change.kind !== kind || left > (left < 1 ? 0.6 : 0.4) * now) return undefined;
  return { score: now, text: `${name}: like good runs where it is ${change.text}` };
}
