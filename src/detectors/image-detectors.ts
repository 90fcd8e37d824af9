import { percent } from "../numbers/format.js";
import { own } from "../own.js";
import type { Detector, Found } from "./detector.js";
import { cellsOf, type Look, originsOf, type Place } from "./look.js";
import { ago, type Moment } from "./moment.js";
import { poseMisfit } from "./pose-misfit.js";
import { type CameraReference, changed, outside } from "./reference.js";
import { wayOf } from "./reference-builder.js";
import { comparable, misfitOf, type Near, usualMisfit } from "./samples.js";

/** Ticks that a picture stays the same before it counts as frozen. */
const FROZEN_TICKS = 6;
/** Way of the joints, rad, in which a picture must change where no reference says more. */
const STILL = 0.03;
/** Most ticks of a delay that is looked for. */
const MOST_LATE = 12;

/** Ticks after a sudden change at which it is told, and the part of the picture from which it is told later. */
const SOON = 4;
const LATER = 8;
const MUCH = 0.16;

type OfCamera = (
  moment: Moment,
  look: Look,
  camera: string,
  reference: CameraReference | undefined,
) => Omit<Found, "subject"> | undefined;

/** A detector of each camera's picture: the first one at which it finds something. */
const ofCamera = (find: OfCamera) => (moment: Moment) => {
  const cameras = Object.entries(moment.ticks.at(-1)!.looks);
  for (const [camera, look] of cameras) {
    const found = find(moment, look, camera, moment.reference && own(moment.reference.cameras, camera));
    if (found) return { ...found, subject: camera };
  }
  return undefined;
};

/** Part of a picture's cells whose colours no good run has there, and how much that is, 1 for more than these differ. */
function strangeness(cells: Float32Array, { colours, strange }: CameraReference) {
  const known = cells.reduce((count, value, k) => (k % 3 === 0 && !Number.isNaN(value) ? count + 1 : count), 0);
  const part = colours.strange(cells).length / Math.max(1, known);
  return { part, score: strange > 0.5 ? 0 : part / (1.3 * strange + 0.003) };
}

/** Difference from good runs in the nearest poses, 1 for more than these differ from each other. */
const misfit = (cells: Float32Array, near: Near, { misfits }: CameraReference): number =>
  misfitOf(cells, near.samples) / (1.2 * usualMisfit(misfits, near.distance) + 1);

export const IMAGE_DETECTORS = {
  black: {
    about: "image",
    words: "the image is black",
    hint: "check the camera, its exposure and its cable",
    find: ofCamera((_, { mean }, camera, reference) =>
      mean < 5 && (reference?.dark ?? 255) > 10
        ? { score: 5 / Math.max(mean, 0.5), text: `${camera}: mean brightness ${mean.toFixed(0)} of 255` }
        : undefined,
    ),
  },
  overexposed: {
    about: "image",
    words: "the image is overexposed",
    hint: "check exposure and gain of the camera, and the light",
    find: ofCamera((_, { bright }, camera, reference) => {
      const usual = reference?.bright ?? 0.2;
      return bright > usual + 0.3
        ? { score: bright / (usual + 0.3), text: `${camera}: ${percent(bright)} of the samples are at their limit` }
        : undefined;
    }),
  },
  frozen: {
    about: "image",
    words: "the image stays the same while the arm moves",
    hint: "check that the camera's driver goes on, and what its stamps are of",
    find: ofCamera((moment, { hash }, camera, reference) => {
      const { ticks } = moment;
      let [same, way] = [0, 0];
      for (let k = 1; k < ticks.length; k++) {
        const [now, before] = [ago(moment, k - 1)!, ago(moment, k)!];
        if (own(before.looks, camera)?.hash !== hash) break;
        same++;
        way += wayOf(before, now);
      }
      const least = Math.max(STILL, 1.5 * (reference?.still ?? 0));
      if (same < FROZEN_TICKS || way < least) return undefined;
      return {
        score: way / least,
        since: same,
        text: `${camera}: the same picture for ${same + 1} ticks, in which the joints moved by ${way.toFixed(2)} rad`,
      };
    }),
  },
  late: {
    about: "image",
    words: "the image is late",
    hint: "compare the image's stamp with the time at which it was taken; look for buffers between camera and policy",
    find: ofCamera((moment, _, camera) => {
      const hashes = moment.ticks.map(({ looks }) => own(looks, camera)?.hash);
      const now = hashes.length - 1;
      for (let late = 2; late <= Math.min(MOST_LATE, hashes.length >> 1); late++) {
        const again = Array.from({ length: late }, (_, k) => hashes[now - k]);
        const before = Array.from({ length: late }, (_, k) => hashes[now - k - late]);
        const isRepeated = again.every((hash, k) => hash === before[k]);
        if (isRepeated && new Set(again).size === late && wayOver(moment, late) >= STILL)
          return {
            score: late,
            since: late - 1,
            text: `${camera}: ${late} pictures come again in their order: ${late} ticks late`,
          };
      }
      return undefined;
    }),
  },
  blurred: {
    about: "image",
    words: "the image is blurred",
    hint: "check focus and lens",
    needsReference: true,
    hold: 2,
    find: ofCamera((_, { sharpness, mean }, camera, reference) => {
      if (!reference || mean < 5 || sharpness >= 0.6 * reference.sharpness) return undefined;
      return {
        score: (0.6 * reference.sharpness) / sharpness,
        text: `${camera}: edges ${percent(sharpness / reference.sharpness)} as sharp as in the least sharp good run`,
      };
    }),
  },
  occluded: {
    about: "image",
    words: "something is before the camera",
    hint: "look at the picture: something uniform covers a part of it",
    needsReference: true,
    hold: 2,
    find: ofCamera((_, look, camera, reference) => {
      if (!reference || reference.novel > 0.5) return undefined;
      const cells = outside(look.cells, reference);
      const part = (3 * cells.length) / look.cells.length;
      const least = 1.2 * reference.novel + 0.03;
      if (part < least || uniformPart(look.cells, cells) < 0.7) return undefined;
      return { score: part / least, text: `${camera}: ${percent(part)} of the picture is covered by one colour` };
    }),
  },
  shifted: {
    about: "image",
    words: "the image is shifted",
    hint: "check where the camera stands, and how the image is cut and resized",
    needsReference: true,
    find: ofCamera((moment, look, camera, reference) => misplaced(moment, look, camera, reference, "shift")),
  },
  cropped: {
    about: "image",
    words: "the image shows a part of what it should",
    hint: "check how the image is cut and resized, and the lens",
    needsReference: true,
    find: ofCamera((moment, look, camera, reference) => misplaced(moment, look, camera, reference, "zoom")),
  },
  other_camera: {
    about: "image",
    words: "the image is another camera's",
    hint: "check which camera publishes on this topic, and where it stands",
    needsReference: true,
    hold: 6,
    find: ofCamera((moment, look, camera, reference) => {
      if (!reference) return undefined;
      const near = comparable(reference.samples, reference.misfits, moment.ticks.at(-1)!.position);
      const score = misfit(look.cells, near, reference);
      if (score < 1) return undefined;
      const { part, score: strange } = strangeness(look.cells, reference);
      const isStrange = strange >= 1 && part >= 0.05;
      if (!isStrange && !((poseMisfit(moment, look, camera)?.score ?? 0) >= 1.5)) return undefined;
      return {
        score,
        text: `${camera}: ${percent(part)} of the picture is unlike that of every good run, and no shift makes it like them`,
      };
    }),
  },
  scene_changed: {
    about: "image",
    words: "the scene changed: something was moved",
    hint: "look at the picture before and after: the goal, or another object, moved during the run",
    needsReference: true,
    find: ofCamera((moment, _, camera, reference) => {
      if (!reference) return undefined;
      const usual = 1.3 * reference.change + 0.004;
      const partAt = (count: number) => {
        const [before, after] = [count + 1, count].map((back) => own(ago(moment, back)?.looks ?? {}, camera));
        return before && after ? changed(before.cells, after.cells) : 0;
      };
      // Where much changes, what is wrong with the camera is told first.
      const [soon, later] = [partAt(SOON), partAt(LATER)];
      const since = soon > usual && soon < MUCH ? SOON : LATER;
      const part = since === SOON ? soon : later;
      return part > usual
        ? {
            score: part / usual,
            since,
            text: `${camera}: ${percent(part)} of the picture changed from one tick to the next, at most ${percent(reference.change)} in good runs`,
          }
        : undefined;
    }),
  },
  unfamiliar: {
    about: "image",
    words: "the scene is unlike that of the good runs",
    hint: "the condition may be one that the policy was not trained for: compare with the picture of a good run",
    needsReference: true,
    hold: 3,
    find: ofCamera((moment, look, camera, reference) => {
      if (!reference) return undefined;
      const { part, score: strange } = strangeness(look.cells, reference);
      if (strange < 1) return unlikeStarts(moment, look, camera, reference);
      const before = own(ago(moment, 7)?.looks ?? {}, camera);
      if (moment.index > 9 && before && strangeness(before.cells, reference).score < 1) return undefined;
      return { score: strange, text: `${camera}: ${percent(part)} of the picture is unlike that of every good run` };
    }),
  },
} as const satisfies Readonly<Record<string, Detector>>;

/** A picture at the start of a run that is like that of no good run's start. */
function unlikeStarts(
  { index }: Moment,
  look: Look,
  camera: string,
  { starts, start }: CameraReference,
): Omit<Found, "subject"> | undefined {
  if (index > 4 || starts.length === 0) return undefined;
  const score = misfitOf(look.cells, starts) / (1.6 * start + 0.5);
  if (score < 1) return undefined;
  return {
    score,
    text: `${camera}: the picture at the start is ${score.toFixed(1)} times as unlike those of good runs as these are each other`,
  };
}

/** Way of all joints over the last ticks, rad. */
function wayOver(moment: Moment, count: number): number {
  let way = 0;
  for (let k = 0; k < count; k++) way += wayOf(ago(moment, k + 1)!, ago(moment, k)!);
  return way;
}

/** Largest part of some cells that have about the same colour. */
function uniformPart(cells: Float32Array, chosen: readonly number[]): number {
  const count = new Map<string, number>();
  for (const cell of chosen) {
    const key = [0, 1, 2].map((c) => Math.round(cells[3 * cell + c]! / 8)).join();
    count.set(key, (count.get(key) ?? 0) + 1);
  }
  return Math.max(0, ...count.values()) / chosen.length;
}

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

function misplaced(
  moment: Moment,
  look: Look,
  camera: string,
  reference: CameraReference | undefined,
  kind: Change["kind"],
): Omit<Found, "subject"> | undefined {
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
  return { score: now, text: `${camera}: like good runs where it is ${change.text}` };
}
