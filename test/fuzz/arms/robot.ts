import fc from "fast-check";
import { type PlainJoint, type PlainLink, random, type Triple } from "../../arm/robots.js";

/** A link and the joint above it. Numbers are tenths. */
export interface Part {
  /** The link above: this one of those before it, counted round. */
  readonly parent: number;
  readonly type: "revolute" | "continuous" | "prismatic" | "fixed";
  readonly xyz: Triple;
  readonly rpy: Triple;
  readonly axis: Triple;
  readonly damping: number;
  readonly limit: "none" | "wide" | "odd";
  /** The joint that this one follows, if it is a moving joint before it. */
  readonly follows: number | null;
  readonly by: readonly [multiplier: number, offset: number];
  readonly hasInertia: boolean;
}

export interface RobotCase {
  readonly seed: number;
  readonly parts: readonly Part[];
  readonly tip: number;
  /** Which of the free joints the policy commands, one bit each. */
  readonly commanded: number;
  readonly format: "URDF" | "MJCF";
}

const tenths = (most: number) => fc.integer({ min: -most, max: most }).map((n) => n / 10);
const triple = (most: number): fc.Arbitrary<Triple> => fc.tuple(tenths(most), tenths(most), tenths(most));

const part: fc.Arbitrary<Part> = fc.record({
  parent: fc.nat(5),
  type: fc.constantFrom("revolute", "continuous", "prismatic", "fixed"),
  xyz: triple(5),
  rpy: triple(31),
  axis: triple(30),
  damping: fc.integer({ min: 0, max: 20 }).map((n) => n / 10),
  limit: fc.constantFrom("none", "wide", "odd"),
  follows: fc.option(fc.nat(5), { freq: 4 }),
  by: fc.tuple(tenths(20), tenths(5)),
  hasInertia: fc.boolean().chain((all) => (all ? fc.constant(true) : fc.integer({ min: 0, max: 5 }).map((n) => n > 0))),
});

export const robotCases: fc.Arbitrary<RobotCase> = fc.record({
  seed: fc.nat(1e6),
  parts: fc.array(part, { minLength: 1, maxLength: 8 }),
  tip: fc.nat(7),
  commanded: fc.integer({ min: 1, max: 255 }),
  format: fc.constantFrom("URDF", "MJCF"),
});

export interface Robot {
  /** As it is written: joints may follow others that follow. */
  readonly written: PlainLink;
  /** The same where each follower follows a free joint. */
  readonly plain: PlainLink;
  readonly tip: string;
  readonly commanded: readonly string[];
  /** Links that move without any mass of their own or of what is fixed to them. */
  readonly hasUnknownInertia: boolean;
}

const LIMITS = {
  none: "",
  wide: '<limit lower="-9" upper="9" effort="30" velocity="1"/>',
  odd: '<limit lower="-0.001" upper="0.001" effort="0" velocity="0"/>',
};

export function robotOf({ seed, parts, tip, commanded }: RobotCase): Robot {
  const uniform = random(seed);
  const inertias = parts.map(() => inertiaOf(uniform));
  const above = parts.map(({ parent }, i) => parent % (i + 1));
  const moves = (i: number) => parts[i]!.type !== "fixed";
  const leader = (i: number): number | undefined => {
    const { follows } = parts[i]!;
    const before = parts.slice(0, i).flatMap((_, k) => (moves(k) ? [k] : []));
    return follows === null || !moves(i) || before.length === 0 ? undefined : before[follows % before.length];
  };
  const resolved = (i: number): { joint: number; multiplier: number; offset: number } => {
    const lead = leader(i);
    if (lead === undefined) return { joint: i, multiplier: 1, offset: 0 };
    const [multiplier, offset] = parts[i]!.by;
    const further = resolved(lead);
    return {
      joint: further.joint,
      multiplier: multiplier * further.multiplier,
      offset: multiplier * further.offset + offset,
    };
  };
  const build = (mimic: (i: number) => PlainJoint["mimic"]): PlainLink => {
    const below = (link: number): PlainJoint[] =>
      parts.flatMap((each, i) => {
        if (above[i] !== link) return [];
        const { type, xyz, rpy, damping, limit } = each;
        const axis: Triple = each.axis.every((x) => x === 0) ? [0, 0, 1] : each.axis;
        const inertia = each.hasInertia ? inertias[i]! : {};
        const follows = mimic(i);
        const isLimited = type === "prismatic" && limit === "odd" ? "wide" : limit;
        const joint = {
          name: `j${i}`,
          type,
          xyz,
          rpy,
          axis,
          damping,
          limit: LIMITS[type === "continuous" ? limit : isLimited],
        };
        return [
          {
            ...joint,
            ...(follows && { mimic: follows }),
            link: { name: `l${i + 1}`, ...inertia, joints: below(i + 1) },
          },
        ];
      });
    return { name: "l0", joints: below(0) };
  };
  const free = parts.flatMap((_, i) => (moves(i) && leader(i) === undefined ? [`j${i}`] : []));
  const chosen = free.filter((_, i) => (commanded >> i) % 2 === 1);
  return {
    written: build((i) => {
      const lead = leader(i);
      const [multiplier, offset] = parts[i]!.by;
      return lead === undefined ? undefined : { joint: `j${lead}`, multiplier, offset };
    }),
    plain: build((i) => {
      if (leader(i) === undefined) return undefined;
      const { joint, multiplier, offset } = resolved(i);
      return { joint: `j${joint}`, multiplier, offset };
    }),
    tip: `l${1 + (tip % parts.length)}`,
    commanded: chosen.length > 0 ? chosen : free.slice(0, 1),
    hasUnknownInertia: hasMassless(parts, above),
  };
}

/** True where links that are fixed to each other, and move, have no mass together. */
function hasMassless(parts: readonly Part[], above: readonly number[]): boolean {
  const group = [0];
  parts.forEach(({ type }, i) => {
    group.push(type === "fixed" ? group[above[i]!]! : i + 1);
  });
  const heavy = new Set(parts.flatMap(({ hasInertia }, i) => (hasInertia ? [group[i + 1]!] : [])));
  return group.some((each) => each !== 0 && !heavy.has(each));
}

/** A box's inertia, turned. */
function inertiaOf(uniform: (low?: number, high?: number) => number) {
  const mass = uniform(0.2, 5);
  const [a, b, c] = [uniform(0.03, 0.3), uniform(0.03, 0.3), uniform(0.03, 0.3)];
  const moment = (x: number, y: number) => (mass * (x * x + y * y)) / 12;
  return {
    mass,
    centre: [uniform(-0.2, 0.2), uniform(-0.2, 0.2), uniform(-0.2, 0.2)] as Triple,
    turned: [uniform(-3, 3), uniform(-1, 1), uniform(-3, 3)] as Triple,
    inertia: [moment(b, c), moment(a, c), moment(a, b), 0, 0, 0] as const,
  };
}
