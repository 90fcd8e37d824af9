import { percent } from "../numbers/format.js";
import { own } from "../own.js";
import type { Detector } from "./detector.js";
import { type FoundAt, ofCamera } from "./each.js";
import { LAG_TICKS } from "./lag.js";
import type { Look } from "./look.js";
import { misfit, misplaced } from "./misplaced.js";
import { ago, type Moment } from "./moment.js";
import { lagNow, MAY_LAG, poseMisfit } from "./pose-misfit.js";
import { type CameraReference, changed, changedCells, outside, START_TICKS } from "./reference.js";
import { wayOf } from "./reference-builder.js";
import { comparable, misfitOf } from "./samples.js";

/** Ticks that a picture stays the same before it counts as frozen. */
const FROZEN_TICKS = 6;
/** Way of the joints, rad, in which a picture must change where no reference says more. */
const STILL = 0.03;
/** Most ticks of a delay that is looked for. */
const MOST_LATE = 12;

/** Misfit from which a picture that shows another pose is another camera's. */
const OTHER_CAMERA = 0.8;

/**
 * Ticks after a sudden change at which it is told: at once where the arm is seen where it was, soon, or later from a part of
 * the picture on.
 */
const AT_ONCE = 2;
const SOON = 4;
const LATER = 8;
const MUCH = 0.16;

/** Part of a picture's cells whose colours no good run has there, and how much that is, 1 for more than these differ. */
function strangeness(cells: Float32Array, { colours, strange }: CameraReference) {
  const known = cells.reduce((count, value, k) => (k % 3 === 0 && !Number.isNaN(value) ? count + 1 : count), 0);
  const part = colours.strange(cells).length / Math.max(1, known);
  return { part, score: strange > 0.5 ? 0 : part / (1.3 * strange + 0.003) };
}

export const IMAGE_DETECTORS = {
  black: {
    about: "image",
    words: "the image is black",
    hint: "check the camera, its exposure and its cable",
    find: ofCamera((_, { name, look: { mean }, reference }) =>
      mean < 5 && (reference?.dark ?? 255) > 10
        ? { score: 5 / Math.max(mean, 0.5), text: `${name}: mean brightness ${mean.toFixed(0)} of 255` }
        : undefined,
    ),
  },
  overexposed: {
    about: "image",
    words: "the image is overexposed",
    hint: "check exposure and gain of the camera, and the light",
    find: ofCamera((_, { name, look: { bright }, reference }) => {
      const usual = reference?.bright ?? 0.2;
      return bright > usual + 0.3
        ? { score: bright / (usual + 0.3), text: `${name}: ${percent(bright)} of the samples are at their limit` }
        : undefined;
    }),
  },
  frozen: {
    about: "image",
    words: "the image stays the same while the arm moves",
    hint: "check that the camera's driver goes on, and what its stamps are of",
    find: ofCamera((moment, { name, look: { hash }, reference }) => {
      const { ticks } = moment;
      let [same, way] = [0, 0];
      for (let k = 1; k < ticks.length; k++) {
        const [now, before] = [ago(moment, k - 1)!, ago(moment, k)!];
        if (own(before.looks, name)?.hash !== hash) break;
        same++;
        way += wayOf(before, now);
      }
      const least = Math.max(STILL, 1.5 * (reference?.still ?? 0));
      if (same < FROZEN_TICKS || way < least) return undefined;
      return {
        score: way / least,
        since: same - 1,
        text: `${name}: the same picture for ${same + 1} ticks, in which the joints moved by ${way.toFixed(2)} rad`,
      };
    }),
  },
  late: {
    about: "image",
    words: "the image is late",
    hint: "compare the image's stamp with the time at which it was taken; look for buffers between camera and policy",
    find: ofCamera((moment, { name, reference }) => {
      const least = Math.max(STILL, 1.5 * (reference?.still ?? 0));
      const again = repeated(moment, name);
      if (!again || again.way < least)
        return name === moment.reference?.pose?.camera ? behind(moment, name) : undefined;
      return {
        score: again.way / least,
        since: again.count - 1,
        text: `${name}: the picture of ${again.late} ticks before comes again, while the joints go on`,
      };
    }),
  },
  blurred: {
    about: "image",
    words: "the image is blurred",
    hint: "check focus and lens",
    needsReference: true,
    hold: 2,
    find: ofCamera((_, { name, look: { sharpness, mean }, reference }) => {
      if (!reference || mean < 5 || sharpness >= 0.6 * reference.sharpness) return undefined;
      return {
        score: (0.6 * reference.sharpness) / sharpness,
        text: `${name}: edges ${percent(sharpness / reference.sharpness)} as sharp as in the least sharp good run`,
      };
    }),
  },
  occluded: {
    about: "image",
    words: "something is before the camera",
    hint: "look at the picture: something uniform covers a part of it",
    needsReference: true,
    hold: 2,
    find: ofCamera((_, { name, look, reference }) => {
      if (!reference || reference.novel > 0.5) return undefined;
      const cells = outside(look.cells, reference);
      const part = (3 * cells.length) / look.cells.length;
      const least = 1.2 * reference.novel + 0.03;
      if (part < least || uniformPart(look.cells, cells) < 0.7) return undefined;
      return { score: part / least, text: `${name}: ${percent(part)} of the picture is covered by one colour` };
    }),
  },
  shifted: {
    about: "image",
    words: "the image is shifted",
    hint: "check where the camera stands, and how the image is cut and resized",
    needsReference: true,
    find: ofCamera((moment, camera) => misplaced(moment, camera, "shift")),
  },
  cropped: {
    about: "image",
    words: "the image shows a part of what it should",
    hint: "check how the image is cut and resized, and the lens",
    needsReference: true,
    find: ofCamera((moment, camera) => misplaced(moment, camera, "zoom")),
  },
  other_camera: {
    about: "image",
    words: "the image is another camera's",
    hint: "check which camera publishes on this topic, and where it stands",
    needsReference: true,
    // Faults of a joint and late images, which do not fit either, are known earlier.
    hold: LAG_TICKS + 1,
    find: ofCamera((moment, { name, look, reference }) => {
      if (!reference) return undefined;
      const near = comparable(reference.samples, reference.misfits, moment.ticks.at(-1)!.position);
      const score = misfit(look.cells, near, reference) / OTHER_CAMERA;
      if (score < 1) return undefined;
      const { part, score: strange } = strangeness(look.cells, reference);
      const isStrange = strange >= 1 && part >= 0.05 && score * OTHER_CAMERA >= 1;
      // A sudden change that leaves the arm where it was is one of the scene; no joint's fault changes the picture at once.
      const ticks = Array.from({ length: LATER + 3 }, (_, count) => count);
      const sudden = ticks.find((count) => changeAt(moment, name, reference, count) > usualChange(reference));
      const arm = sudden === undefined ? undefined : armChanged(moment, name, sudden);
      if (arm === false) return undefined;
      const isOtherPose = (poseMisfit(moment, look, name)?.score ?? 0) >= 1.5 && (lagNow(moment)?.score ?? 0) < MAY_LAG;
      if (!isStrange && !isOtherPose) return undefined;
      return {
        score,
        isSure: arm === true && sudden! >= SOON - 1,
        text: `${name}: ${percent(part)} of the picture is unlike that of every good run, and no shift makes it like them`,
      };
    }),
  },
  scene_changed: {
    about: "image",
    words: "the scene changed: something was moved",
    hint: "look at the picture before and after: the goal, or another object, moved during the run",
    needsReference: true,
    find: ofCamera((moment, { name, reference }) => {
      if (!reference) return undefined;
      const usual = usualChange(reference);
      const partAt = (count: number) => changeAt(moment, name, reference, count);
      // Where much changes, or the arm too, what is wrong with the camera is told first.
      const parts = [AT_ONCE, SOON, LATER].map((count) => ({ count, part: partAt(count) }));
      const [atOnce, soon, later] = parts as [Part, Part, Part];
      const isAtOnce = atOnce.part > usual && armChanged(moment, name, AT_ONCE) === false;
      const { part, count: since } = isAtOnce ? atOnce : soon.part > usual && soon.part < MUCH ? soon : later;
      return part > usual
        ? {
            score: part / usual,
            since,
            text: `${name}: ${percent(part)} of the picture changed from one tick to the next, at most ${percent(reference.change)} in good runs`,
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
    find: ofCamera((moment, { name, look, reference }) => {
      if (!reference) return undefined;
      const { part, score: strange } = strangeness(look.cells, reference);
      if (strange < 1) return unlikeStarts(moment, look, name, reference);
      const before = own(ago(moment, 7)?.looks ?? {}, name);
      if (moment.index > 9 && before && strangeness(before.cells, reference).score < 1) return undefined;
      return { score: strange, text: `${name}: ${percent(part)} of the picture is unlike that of every good run` };
    }),
  },
} as const satisfies Readonly<Record<string, Detector>>;

/** A picture at the start of a run that is like that of no good run's start. */
function unlikeStarts(
  { index }: Moment,
  look: Look,
  name: string,
  { starts, start }: CameraReference,
): FoundAt | undefined {
  if (index >= START_TICKS || starts.length === 0) return undefined;
  const score = misfitOf(look.cells, starts) / (1.6 * start + 0.5);
  if (score < 1) return undefined;
  return {
    score,
    text: `${name}: the picture at the start is ${score.toFixed(1)} times as unlike those of good runs as these are each other`,
  };
}

/** Part of the picture that changed so many ticks ago. */
interface Part {
  readonly count: number;
  readonly part: number;
}

/** A picture that came again after others, so many ticks ago. */
interface Again {
  readonly late: number;
  readonly count: number;
  /** Way of the joints since, rad. */
  readonly way: number;
}

/**
 * Pictures that come again after others: several in their order, or the run's first that then stays, as at the start of a delay
 * that is longer than the run so far. One alone, or some in the opposite order, an arm that turns back shows too.
 */
function repeated(moment: Moment, camera: string): Again | undefined {
  const hashes = moment.ticks.map(({ looks }) => own(looks, camera)?.hash);
  const now = hashes.length - 1;
  const same = (late: number) => {
    let count = 0;
    while (now - count >= Math.max(late, 1) && hashes[now - count] === hashes[now - count - late]) count++;
    return count;
  };
  for (let late = 2; late <= Math.min(MOST_LATE, now); late++) {
    const count = same(late);
    const isAfterOthers = hashes[now - count + 1] !== hashes[now - count];
    if (count > 1 && hashes[now] !== hashes[now - 1] && isAfterOthers)
      return { late, count, way: wayOver(moment, late) };
  }
  const count = same(1) + 1;
  const isFirst = moment.index === now && hashes[now] === hashes[0] && count <= now;
  return isFirst && count > 1 ? { late: now - count + 1, count, way: wayOver(moment, count - 1) } : undefined;
}

/** Cells where the arm was seen to move that must have changed with the rest. */
const OF_ARM = 0.5;
/** Ticks over which it is seen to move, and cells from which on that tells where it is. */
const MOVES = 5;
const CELLS_OF_ARM = 4;

/** True where the picture of the arm changed in a tick, by where it moved before; undefined where it hardly moved. */
function armChanged(moment: Moment, camera: string, count: number): boolean | undefined {
  const cellsAt = (back: number) => own(ago(moment, back)?.looks ?? {}, camera)?.cells;
  const [after, before, earlier] = [count, count + 1, count + 1 + MOVES].map(cellsAt);
  if (!after || !before || !earlier) return undefined;
  const arm = changedCells(earlier, before);
  if (arm.length < CELLS_OF_ARM) return undefined;
  const now = new Set(changedCells(before, after));
  return arm.filter((cell) => now.has(cell)).length >= OF_ARM * arm.length;
}

/** Pictures that show where the joints were some ticks before. */
function behind(moment: Moment, camera: string): FoundAt | undefined {
  const [hash, before] = [0, 1].map((count) => own(ago(moment, count)?.looks ?? {}, camera)?.hash);
  const lag = lagNow(moment);
  // A picture that stays the same is no late one.
  if (!lag || lag.score < 1 || hash === before) return undefined;
  const text = `${camera}: the pictures show where the joints were ${lag.ticks} ticks before`;
  return { score: lag.score, since: LAG_TICKS - 1, text };
}

/** Part of the picture that may change in a tick. */
const usualChange = ({ change }: CameraReference): number => 1.3 * change + 0.004;

/** Part of the picture that changed in a tick, less where the arm moves faster than in good runs. @param count ticks ago */
function changeAt(moment: Moment, camera: string, reference: CameraReference, count: number): number {
  const [before, after] = [ago(moment, count + 1), ago(moment, count)];
  const [was, is] = [before, after].map((tick) => own(tick?.looks ?? {}, camera));
  if (!before || !after || !was || !is) return 0;
  return changed(was.cells, is.cells) / Math.max(1, wayOf(before, after) / Math.max(STILL, reference.way));
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
