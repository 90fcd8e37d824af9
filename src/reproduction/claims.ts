import { type Estimate, estimate } from "../analysis/bootstrap.js";
import { spearman } from "../analysis/similarity.js";
import { mean } from "../numbers/mean.js";
import { type Course, type Group, meanWithin } from "./course.js";

/** The paper's statements as tests of trend: one number an episode, its mean over episodes on the side that is stated. */
export interface Claim {
  readonly id: string;
  /** What the paper says. */
  readonly text: string;
  /** What is measured, one number an episode. */
  readonly measure: string;
  /** The sign that the statement asks of it. */
  readonly sign: 1 | -1;
  readonly unit: "points" | "rank correlation";
}

/** A claim put to a set of episodes. */
export interface Verdict {
  readonly claim: Claim;
  readonly estimate: Estimate;
  /** Whether the 95 % interval over episodes lies wholly on the stated side; of a recovery, if its reaction does, too. */
  readonly holds: boolean;
}

/** Part of the episode that counts as its start. */
const START = 0.1;

type OfCourse = Claim & { readonly of: (course: Course) => number };

const COURSE_CLAIMS: readonly OfCourse[] = [
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

/** What the paper says of shares along an episode. */
export const courseVerdicts = (courses: readonly Course[]): Verdict[] =>
  COURSE_CLAIMS.map(({ of, ...claim }) => verdict(claim, courses.map(of)));

/** Ticks before and after a change of the target, and when the reaction should be over. */
export interface ChangeWindows {
  /** Tick at which the new target is seen first. */
  readonly at: number;
  /** Ticks that count as before, and as right after. */
  readonly width: number;
  /** Ticks from the change to where things are compared again. */
  readonly later: number;
}

interface AtChange {
  readonly id: string;
  readonly text: string;
  readonly group: Group;
  readonly when: "after" | "later";
  readonly sign: 1 | -1;
}

const CHANGE_CLAIMS: readonly AtChange[] = [
  {
    id: "change_position_drops",
    text: "When the target changes, the share of positions drops …",
    group: "position",
    when: "after",
    sign: -1,
  },
  {
    id: "change_position_recovers",
    text: "… and bounces back after several steps",
    group: "position",
    when: "later",
    sign: 1,
  },
  { id: "change_image_jumps", text: "The image’s share jumps", group: "image", when: "after", sign: 1 },
  { id: "change_velocity_jumps", text: "The share of velocities jumps …", group: "velocity", when: "after", sign: 1 },
  { id: "change_velocity_recovers", text: "… and falls again", group: "velocity", when: "later", sign: -1 },
];

/**
 * What the paper says of a target that changes in mid-episode. A share recovers only from a reaction: where none is shown,
 * that it goes the other way later is none of the paper's statements.
 */
export function changeVerdicts(courses: readonly Course[], windows: ChangeWindows): Verdict[] {
  const own = changesAlone(courses, windows);
  return own.map((verdict, c) => {
    const { group, when } = CHANGE_CLAIMS[c]!;
    const reaction = own[CHANGE_CLAIMS.findIndex((claim) => claim.group === group && claim.when === "after")]!;
    return when === "after" ? verdict : { ...verdict, holds: verdict.holds && reaction.holds };
  });
}

/** Each by itself. */
function changesAlone(courses: readonly Course[], { at, width, later }: ChangeWindows): Verdict[] {
  return CHANGE_CLAIMS.map(({ id, text, group, when, sign }) => {
    const measure =
      when === "after"
        ? `${group} share, ${width} ticks after the change less ${width} before`
        : `${group} share, ${width} ticks from the ${later}th on less ${width} after the change`;
    const of = ({ ratios }: Course) => {
      const after = meanWithin(ratios[group], at, at + width);
      return when === "after"
        ? after - meanWithin(ratios[group], at - width, at)
        : meanWithin(ratios[group], at + later, at + later + width) - after;
    };
    return verdict({ id, text, measure, sign, unit: "points" }, courses.map(of));
  });
}

/** How much two methods agree in trend: mean over the groups of the rank correlation of their shares, one an episode. */
export function agreement(a: readonly Course[], b: readonly Course[], names: readonly [string, string]): Verdict {
  const groups = ["image", "position", "velocity"] as const;
  const of = (course: Course, other: Course) => {
    const known = groups
      .map((group) => ofCommon(course.ratios[group], other.ratios[group]))
      .filter((rho) => !Number.isNaN(rho));
    return mean(known);
  };
  const claim: Claim = {
    id: `agree_${names.join("_")}`,
    text: `${names.join(" and ")} agree in trend`,
    measure: "rank correlation of their shares over the episode, mean of image, position and velocity",
    sign: 1,
    unit: "rank correlation",
  };
  return verdict(
    claim,
    a.map((course, e) => of(course, b[e]!)),
  );
}

function ofCommon(x: Float64Array, y: Float64Array): number {
  const common = Array.from(x.keys()).filter((tick) => !Number.isNaN(x[tick]!) && !Number.isNaN(y[tick]!));
  return spearman(
    common.map((tick) => x[tick]!),
    common.map((tick) => y[tick]!),
  );
}

function verdict(claim: Claim, values: readonly number[]): Verdict {
  const found = estimate(values);
  const { interval } = found;
  const holds = interval !== undefined && (claim.sign > 0 ? interval[0] > 0 : interval[1] < 0);
  return { claim, estimate: found, holds };
}
