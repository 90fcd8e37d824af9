import { percent } from "../numbers/format.js";
import { own } from "../own.js";
import type { Detector } from "./detector.js";
import { ofCamera } from "./each.js";
import { LAG_TICKS } from "./lag.js";
import { misfit } from "./misplaced.js";
import { ago } from "./moment.js";
import { lagNow, MAY_LAG, poseMisfit } from "./pose-misfit.js";
import { comparable } from "./samples.js";
import { armChanged, changeAt, type Part, usualChange } from "./scene-change.js";
import { strangeness, unlikeStarts } from "./strangeness.js";

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

/** What a picture shows: where it was taken, and the scene before it. */
export const SCENE_DETECTORS = {
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
      const unlike = isStrange
        ? `${percent(part)} of the picture is unlike that of every good run`
        : "the picture shows another pose than the joints say";
      return {
        score,
        isSure: arm === true && sudden! >= SOON - 1,
        text: `${name}: ${unlike}, and no shift makes it like those of good runs`,
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
