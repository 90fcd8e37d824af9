import { own } from "../own.js";
import type { Detector } from "./detector.js";
import { LAG_TICKS } from "./lag.js";
import { ago, LOOK_BACK, periodsTo, secondsBetween } from "./moment.js";
import { mostUnusual, motionErrors, sinceQuiet } from "./motion-errors.js";
import { lagNow, MAY_LAG, poseMisfit } from "./pose-misfit.js";
import { MOTION_TICKS } from "./reference.js";

export const CLOCK_DETECTORS = {
  clock: {
    about: "clock",
    words: "the stamps jump",
    hint: "check the clocks of camera and computer, and whether images are lost",
    find: (moment) => {
      const before = ago(moment, 1);
      const { period } = moment;
      if (!before || period === undefined || moment.index < 3) return undefined;
      const now = ago(moment, 0)!;
      const seconds = secondsBetween(before, now) / periodsTo(now);
      if (seconds <= 1.7 * period) return undefined;
      return {
        subject: "",
        score: seconds / (1.7 * period),
        text: `${seconds.toFixed(3)} s between two images, usually ${period.toFixed(3)} s`,
      };
    },
  },
} as const satisfies Readonly<Record<string, Detector>>;

export const MOTION_DETECTORS = {
  pose: {
    about: "motion",
    words: "image and joint positions do not fit each other",
    hint: "check the joints' zeros, and whether image and joint states are of the same time",
    needsReference: true,
    // A late image is known earlier.
    hold: LAG_TICKS + 1,
    find: (moment) => {
      const camera = moment.reference?.pose?.camera ?? "";
      const look = own(ago(moment, 0)!.looks, camera);
      const misfit = look && poseMisfit(moment, look, camera);
      if (!misfit?.isKnown || misfit.score < 1 || (lagNow(moment)?.score ?? 0) >= MAY_LAG) return undefined;
      const { joint, score, seen, told } = misfit;
      const text = `${joint}: the picture is that of ${seen.toFixed(2)} rad, the joint says ${told.toFixed(2)} rad`;
      return { subject: joint, score, text };
    },
  },
  motion: {
    about: "motion",
    words: "the arm does not move as it is commanded",
    hint: "compare measured with commanded torques: noise, friction, a load or something that pushes the arm",
    needsReference: true,
    hold: 8,
    find: (moment) => {
      const { motion, names } = moment.reference ?? {};
      const errors = motionErrors(moment, LOOK_BACK);
      if (!motion || !names || errors.length < MOTION_TICKS) return undefined;
      const { j, score, size } = mostUnusual(errors.slice(-MOTION_TICKS), motion);
      if (!(score >= 1)) return undefined;
      const usual = motion.error[j]!;
      return {
        subject: names[j]!,
        score,
        since: sinceQuiet(errors, j, usual),
        text: `${names[j]}: velocity changes by ${size.toFixed(2)} rad/s a tick other than its torques make, at most ${usual.toFixed(2)} in good runs`,
      };
    },
  },
} as const satisfies Readonly<Record<string, Detector>>;
