import { own } from "../own.js";
import type { Detector, Found } from "./detector.js";
import { ago, type Moment, type Moved, moved, movedOver, sumOf, type Tick } from "./moment.js";
import type { JointReference } from "./reference.js";

/** Ticks that a value stays the same before it counts as stuck, and over which noise and velocities are judged. */
const STUCK_TICKS = 6;
const WINDOW = 8;
/** Least difference of two ways of telling a motion, rad, that means anything. */
const LEAST = 0.02;
const DEGREES = 180 / Math.PI;

type OfJoint = (
  moment: Moment,
  j: number,
  name: string,
  reference: JointReference | undefined,
) => Omit<Found, "subject"> | undefined;

/** A detector of each joint: the first one at which it finds something. */
const ofJoint = (find: OfJoint) => (moment: Moment) => {
  for (const [j, name] of moment.ticks.at(-1)!.joints.entries()) {
    const found = find(moment, j, name, moment.reference && own(moment.reference.joints, name));
    if (found) return { ...found, subject: name };
  }
  return undefined;
};

/** How far a tick's motion by positions and by velocities differ at most, rad. */
const slip = (reference: JointReference | undefined): number => Math.max(LEAST, 1.5 * (reference?.slip ?? LEAST));

/** A value of the tick so many before the newest. */
const position = (moment: Moment, j: number, count: number): number => ago(moment, count)!.position[j]!;
const velocity = (moment: Moment, j: number, count: number): number => ago(moment, count)!.velocity[j]!;
const have = ({ ticks }: Moment, count: number): boolean => ticks.length > count;

export const JOINT_DETECTORS = {
  joints_in_degrees: {
    about: "joints",
    words: "joint states are in degrees",
    hint: "the policy expects radians: convert what the driver publishes",
    find: (moment) => {
      const { joints, position: now } = moment.ticks.at(-1)!;
      const before = ago(moment, 1);
      const isTurned = (j: number) => {
        const reference = moment.reference && own(moment.reference.joints, joints[j]!);
        if (Math.abs(now[j]!) < 1) return undefined;
        const radians = now[j]! / DEGREES;
        if (before && Math.abs(before.position[j]!) > 0.02) {
          const ratio = now[j]! / before.position[j]!;
          return ratio > 40 && ratio < 80;
        }
        if (!reference || moment.index > 0) return false;
        const [low, high] = [reference.low - 0.3, reference.high + 0.3];
        return (now[j]! < 2 * low - 1 || now[j]! > 2 * high + 1) && radians > low && radians < high;
      };
      const judged = joints.map((_, j) => isTurned(j)).filter((turned) => turned !== undefined);
      if (judged.length === 0 || judged.filter(Boolean).length < 0.6 * judged.length) return undefined;
      const largest = Math.max(...joints.map((_, j) => Math.abs(now[j]!)));
      if (largest < 4) return undefined;
      return {
        subject: "",
        score: largest / 4,
        text: `positions up to ${largest.toFixed(0)}, 57 times those before or of good runs`,
      };
    },
  },
  joints_swapped: {
    about: "joints",
    words: "two joints are swapped",
    hint: "compare the names in the joint states with the robot's",
    find: (moment) => {
      if (!have(moment, 2)) return undefined;
      const { joints } = moment.ticks.at(-1)!;
      for (let a = 0; a < joints.length; a++) {
        for (let b = a + 1; b < joints.length; b++) {
          const tolerance =
            0.02 + Math.max(...[a, b].map((j) => slip(moment.reference && own(moment.reference.joints, joints[j]!))));
          const gap = Math.abs(position(moment, a, 2) - position(moment, b, 2));
          const period = moment.period ?? 0;
          const went = (to: number, from: number) =>
            Math.abs(position(moment, to, 1) - position(moment, from, 2) - period * velocity(moment, from, 2));
          const goesOn = (j: number) => {
            const step = moved(moment, j, 0)!;
            return Math.abs(step.by - step.told) < tolerance + step.allowed;
          };
          const stayed = Math.abs(position(moment, a, 1) - position(moment, a, 2) - period * velocity(moment, a, 2));
          if (
            gap > Math.max(0.15, 2 * tolerance) &&
            stayed > 1.5 * tolerance &&
            went(a, b) < tolerance &&
            went(b, a) < tolerance &&
            goesOn(a) &&
            goesOn(b)
          )
            return {
              subject: joints[a]!,
              score: gap / tolerance,
              since: 1,
              text: `${joints[a]} goes on where ${joints[b]} was, and the other way round`,
            };
        }
      }
      return undefined;
    },
  },
  joint_out_of_range: {
    about: "joints",
    words: "a joint is out of the range of good runs",
    hint: "check the encoder's zero and its turns",
    find: ofJoint((moment, j, name, reference) => {
      const now = position(moment, j, 0);
      const step = moved(moment, j, 1);
      if (step && Math.abs(step.by - step.told) > 2.5)
        return {
          score: Math.abs(step.by) / 2.5,
          since: 1,
          text: `${name}: jumped by ${step.by.toFixed(2)} rad in one tick`,
        };
      if (!reference || !have(moment, 15)) return undefined;
      const margin = 0.5 * (reference.high - reference.low) + 0.8;
      const beyond = Math.min(
        ...Array.from({ length: 16 }, (_, k) => position(moment, j, k)).map((value) =>
          Math.max(reference.low - value, value - reference.high),
        ),
      );
      if (beyond < margin) return undefined;
      return {
        score: beyond / margin,
        since: 15,
        text: `${name}: ${now.toFixed(2)} rad, ${reference.low.toFixed(2)} to ${reference.high.toFixed(2)} in good runs`,
      };
    }),
  },
  joint_stuck: {
    about: "joints",
    words: "a joint's position stays the same while it moves",
    hint: "check the encoder, and whether the driver still reads it",
    find: ofJoint((moment, j, name, reference) => {
      const steps = held(moment, ({ position }) => position[j]!, j);
      if (steps.length < STUCK_TICKS) return undefined;
      const told = Math.max(...steps.map((_, k) => Math.abs(sumOf(steps.slice(k).map((step) => step.told)))));
      const least = Math.max(0.03, slip(reference));
      if (told < least || isStill(moment, j)) return undefined;
      return {
        score: told / least,
        since: steps.length - 1,
        text: `${name}: the same position for ${steps.length + 1} ticks, in which its velocity makes ${told.toFixed(2)} rad`,
      };
    }),
  },
  velocity_stuck: {
    about: "joints",
    words: "a joint's velocity stays the same while it changes",
    hint: "check how the driver gets velocities",
    find: ofJoint((moment, j, name, reference) => {
      const steps = held(moment, ({ velocity }) => velocity[j]!, j);
      if (steps.length < STUCK_TICKS) return undefined;
      const off = sumOf(steps.map(({ by, told }) => Math.abs(by - told)));
      const least = Math.max(0.03, slip(reference));
      if (off < least || steps.every(({ by }) => Math.abs(by) < 1e-9)) return undefined;
      return {
        score: off / least,
        since: steps.length - 1,
        text: `${name}: the same velocity for ${steps.length + 1} ticks, ${off.toFixed(2)} rad off the positions`,
      };
    }),
  },
  joint_noisy: {
    about: "joints",
    words: "a joint's position is noisy",
    hint: "check the encoder and its cable",
    find: ofJoint((moment, j, name, reference) => {
      const least = slip(reference);
      const large = movedOver(moment, j, WINDOW)
        .filter(({ by, told, allowed }) => Math.abs(by - told) > least + allowed)
        .map(({ by, told }) => by - told);
      const turns = large.filter((value, k) => k > 0 && value * large[k - 1]! < 0).length;
      if (large.length < 4 || turns < 2) return undefined;
      const size = Math.max(...large.map(Math.abs));
      return {
        score: size / least,
        since: WINDOW - 1,
        text: `${name}: jumps to and fro by up to ${size.toFixed(2)} rad against its velocity`,
      };
    }),
  },
  velocity_inconsistent: {
    about: "joints",
    words: "joint velocities are not those of the positions",
    hold: 4,
    hint: "check units, signs and order of the velocities",
    find: ofJoint((moment, j, name, reference) => {
      const steps = movedOver(moment, j, WINDOW);
      if (steps.length === 0 || isStill(moment, j)) return undefined;
      const told = sumOf(steps.map((step) => Math.abs(step.told)));
      const by = sumOf(steps.map((step) => Math.abs(step.by)));
      const off = steps.map((step) => step.by - step.told);
      const least = Math.max(0.04, 2 * slip(reference)) + sumOf(steps.map(({ allowed }) => allowed));
      const isOpposed =
        sumOf(steps.map((step) => step.by * step.told)) <
        -0.8 * Math.sqrt(squares(steps, "by") * squares(steps, "told"));
      if ((Math.abs(sumOf(off)) < least && !(isOpposed && by > 0.1)) || told < 0.02) return undefined;
      const slope = sumOf(steps.map((step) => step.by * step.told)) / sumOf(steps.map((step) => step.told ** 2));
      const rest = sumOf(steps.map((step) => (step.by - slope * step.told) ** 2));
      const all = sumOf(off.map((value) => value ** 2));
      if (Math.abs(slope - 1) < 0.4 || rest > 0.4 * all || by < 1e-3) return undefined;
      return {
        score: Math.max(1, Math.abs(sumOf(off)) / least),
        since: WINDOW - 1,
        text: `${name}: moves ${slope.toFixed(1)} times as its velocity says`,
      };
    }),
  },
  joint_offset: {
    about: "joints",
    words: "a joint's zero has moved",
    hint: "calibrate the joint: its position jumped without motion",
    find: ofJoint((moment, j, name, reference) => {
      const steps = movedOver(moment, j, 4);
      if (steps.length === 0) return undefined;
      const [first, ...after] = steps.map(({ by, told }) => by - told);
      const least = Math.max(0.12, 2 * slip(reference)) + 1.5 * steps[0]!.allowed;
      const isOver = after.every((value, k) => Math.abs(value) < 0.5 * Math.abs(first!) + steps[k + 1]!.allowed);
      if (Math.abs(first!) < least || !isOver) return undefined;
      return {
        score: Math.abs(first!) / least,
        since: 3,
        text: `${name}: jumped by ${first!.toFixed(2)} rad in one tick, against its velocity`,
      };
    }),
  },
} as const satisfies Readonly<Record<string, Detector>>;

/** How a joint moved over the last ticks in which a value of it is the same. */
function held(moment: Moment, of: (tick: Tick) => number, j: number): Moved[] {
  const now = of(ago(moment, 0)!);
  let same = 0;
  while (have(moment, same + 1) && of(ago(moment, same + 1)!) === now) same++;
  return same === 0 ? [] : movedOver(moment, j, same);
}

const squares = (steps: readonly Moved[], of: "by" | "told"): number => sumOf(steps.map((step) => step[of] ** 2));

/** True where a joint's velocity is the same over the last ticks. */
function isStill(moment: Moment, j: number): boolean {
  const now = velocity(moment, j, 0);
  for (let k = 1; k < STUCK_TICKS; k++) if (velocity(moment, j, k) !== now) return false;
  return true;
}
