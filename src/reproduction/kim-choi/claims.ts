import { spearman } from "../../analysis/similarity.js";
import type { Claim } from "../verdict.js";
import { type Course, type Group, meanWithin } from "./course.js";

/** A claim with its measure of an episode. */
export interface MeasuredClaim extends Claim {
  readonly of: (course: Course) => number;
  /** Id of the claim that must hold, too. */
  readonly needs?: string;
}

/** Part of the episode that counts as its start. */
const START = 0.1;

/** Claims about shares along an episode. */
export const COURSE_CLAIMS: readonly MeasuredClaim[] = [
  {
    id: "image_starts_high",
    text: "The image’s share is high in the initial steps …",
    measure: "image share, first tenth less the rest",
    sign: 1,
    unit: "points",
    of: ({ ratios: { image }, ticks }) => {
      const start = Math.ceil(START * ticks);
      return meanWithin(image, 0, start) - meanWithin(image, start, ticks);
    },
  },
  {
    id: "image_falls",
    text: "… and declines",
    measure: "rank correlation of image share and time",
    sign: -1,
    unit: "rank correlation",
    of: trend("image"),
  },
  {
    id: "position_rises",
    text: "The share of positions rises",
    measure: "rank correlation of position share and time",
    sign: 1,
    unit: "rank correlation",
    of: trend("position"),
  },
  {
    id: "velocity_falls",
    text: "The share of velocities falls",
    measure: "rank correlation of velocity share and time",
    sign: -1,
    unit: "rank correlation",
    of: trend("velocity"),
  },
  {
    id: "velocity_least",
    text: "Velocities count least of all",
    measure: "lesser of image and position share, less velocity share",
    sign: 1,
    unit: "points",
    of: (course) => Math.min(whole(course, "image"), whole(course, "position")) - whole(course, "velocity"),
  },
  {
    id: "position_most",
    text: "Positions count most of all",
    measure: "position share less the greater of image and velocity share",
    sign: 1,
    unit: "points",
    of: (course) => whole(course, "position") - Math.max(whole(course, "image"), whole(course, "velocity")),
  },
  {
    id: "velocity_below_tenth",
    text: "Image and positions together exceed 90 % (said of reaching)",
    measure: "image and position share less 90 points",
    sign: 1,
    unit: "points",
    of: (course) => whole(course, "image") + whole(course, "position") - 0.9,
  },
];

const whole = ({ ratios, ticks }: Course, group: Group) => meanWithin(ratios[group], 0, ticks);

/** Rank correlation of a group's share and time, over the ticks that count. */
function trend(group: Group): (course: Course) => number {
  return ({ ratios }) => {
    const counting = Array.from(ratios[group].keys()).filter((tick) => !Number.isNaN(ratios[group][tick]!));
    return spearman(
      counting,
      counting.map((tick) => ratios[group][tick]!),
    );
  };
}

/** Ticks before and after a change of the target, and when the reaction should be over. */
export interface ChangeWindows {
  /** First tick at which the new target is seen. */
  readonly at: number;
  /** Ticks that count as before, and as right after. */
  readonly width: number;
  /** Ticks from the change to the later comparison. */
  readonly later: number;
}

/**
 * Claims about a target that changes in mid-episode. A share recovers only from a reaction: without one, a later change
 * the other way is none of the paper's statements.
 */
export const changeClaims = (windows: ChangeWindows): readonly MeasuredClaim[] => [
  {
    id: "change_position_drops",
    text: "When the target changes, the share of positions drops …",
    sign: -1,
    ...reaction("position", windows),
  },
  {
    id: "change_position_recovers",
    text: "… and bounces back after several steps",
    sign: 1,
    ...recovery("position", windows),
    needs: "change_position_drops",
  },
  { id: "change_image_jumps", text: "The image’s share jumps", sign: 1, ...reaction("image", windows) },
  { id: "change_velocity_jumps", text: "The share of velocities jumps …", sign: 1, ...reaction("velocity", windows) },
  {
    id: "change_velocity_recovers",
    text: "… and falls again",
    sign: -1,
    ...recovery("velocity", windows),
    needs: "change_velocity_jumps",
  },
];

type Measure = Pick<MeasuredClaim, "measure" | "unit" | "of">;

const reaction = (group: Group, { at, width }: ChangeWindows): Measure => ({
  measure: `${group} share, ${width} ticks after the change less ${width} before`,
  unit: "points",
  of: ({ ratios }) => meanWithin(ratios[group], at, at + width) - meanWithin(ratios[group], at - width, at),
});

const recovery = (group: Group, { at, width, later }: ChangeWindows): Measure => ({
  measure: `${group} share, ${width} ticks from the ${later}th on less ${width} after the change`,
  unit: "points",
  of: ({ ratios }) =>
    meanWithin(ratios[group], at + later, at + later + width) - meanWithin(ratios[group], at, at + width),
});
