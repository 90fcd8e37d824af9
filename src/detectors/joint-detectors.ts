import { own } from "../own.js";
import type { Detector } from "./detector.js";
import { ofJoint } from "./each.js";
import { FEWEST_RUNS } from "./good-run.js";
import {
  ago,
  have,
  type Moment,
  type Moved,
  moved,
  movedOver,
  position,
  sumOf,
  type Tick,
  velocity,
} from "./moment.js";
import { slip, uncertainty } from "./slip.js";
import { swapThatFits, swapThatJumps } from "./swapped-joints.js";
import { commonMultiple } from "./velocity-multiple.js";

/** Ticks that a value stays the same before it counts as stuck, and over which noise and velocities are judged. */
const STUCK_TICKS = 6;
const WINDOW = 8;
const DEGREES = 180 / Math.PI;

/** A joint that alone moves otherwise than its velocity says. */
const ofOneJoint = ofJoint((moment, { name, j, reference }) => {
  const steps = movedOver(moment, j, WINDOW);
  if (steps.length === 0 || isStill(moment, j)) return undefined;
  const told = sumOf(steps.map((step) => Math.abs(step.told)));
  const by = sumOf(steps.map((step) => Math.abs(step.by)));
  const off = steps.map((step) => step.by - step.told);
  const least = Math.max(0.04, 2 * slip(reference)) + sumOf(steps.map(({ allowed }) => allowed));
  const isOpposed =
    sumOf(steps.map((step) => step.by * step.told)) < -0.8 * Math.sqrt(squares(steps, "by") * squares(steps, "told"));
  if ((Math.abs(sumOf(off)) < least && !(isOpposed && by > 0.1)) || told < 0.02) return undefined;
  const slope = slopeOf(steps);
  if (Math.abs(slope - 1) < 0.4 || !isMultiple(steps) || by < 1e-3) return undefined;
  return {
    score: Math.max(1, Math.abs(sumOf(off)) / least),
    since: WINDOW - 1 - beginOf(off),
    text: `${name}: moves ${slope.toFixed(1)} times as its velocity says`,
  };
});

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
        const radians = now[j]! / DEGREES;
        if (before) {
          const way = (moment.period ?? 0) * before.velocity[j]!;
          const expected = before.position[j]! + way;
          // Near zero the factor is anything.
          if (Math.abs(expected) <= Math.max(0.02, Math.abs(way))) return undefined;
          return radians / expected > 0.7 && radians / expected < 1.4;
        }
        if (Math.abs(now[j]!) < 1) return undefined;
        if (!reference) return false;
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
      const { joints } = moment.ticks.at(-1)!;
      const jump = swapThatJumps(moment);
      const swap = jump ?? swapThatFits(moment);
      if (!swap) return undefined;
      const [a, b] = [joints[swap.a]!, joints[swap.b]!];
      const text = jump
        ? `${a} goes on where ${b} was, and the other way round`
        : `the arm moves as the torques make it where ${a} is taken for ${b}, and the other way round`;
      return { subject: a, score: swap.score, since: swap.since, text };
    },
  },
  joint_out_of_range: {
    about: "joints",
    words: "a joint is out of the range of good runs",
    hint: "check the encoder's zero and its turns",
    find: ofJoint((moment, { name, j, reference }) => {
      const now = position(moment, j, 0);
      const step = moved(moment, j, 1);
      if (step && Math.abs(step.by - step.told) > 2.5)
        return {
          score: Math.abs(step.by) / 2.5,
          since: 1,
          text: `${name}: jumped by ${step.by.toFixed(2)} rad in one tick`,
        };
      // The range of a few runs is too narrow.
      if (!reference || moment.reference!.runs < FEWEST_RUNS || !have(moment, 15)) return undefined;
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
    find: ofJoint((moment, { name, j, reference }) => {
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
    find: ofJoint((moment, { name, j, reference }) => {
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
    find: ofJoint((moment, { name, j, reference }) => {
      const least = slip(reference);
      const steps = movedOver(moment, j, WINDOW);
      const isLarge = ({ by, told, allowed }: Moved) => Math.abs(by - told) > least + allowed;
      const large = steps.filter(isLarge).map(({ by, told }) => by - told);
      const turns = large.filter((value, k) => k > 0 && value * large[k - 1]! < 0).length;
      if (large.length < 4 || turns < 2 || isMultiple(steps)) return undefined;
      const size = Math.max(...large.map(Math.abs));
      return {
        score: size / least,
        since: WINDOW - 1 - steps.findIndex(isLarge),
        text: `${name}: jumps to and fro by up to ${size.toFixed(2)} rad against its velocity`,
      };
    }),
  },
  velocity_inconsistent: {
    about: "joints",
    words: "joint velocities are not those of the positions",
    hold: 4,
    hint: "check units, signs and order of the velocities",
    find: (moment) => {
      const common = commonMultiple(moment);
      if (!common) return ofOneJoint(moment);
      const { slope, j, score, since } = common;
      const subject = ago(moment, 0)!.joints[j]!;
      const text = `${subject} and others: move ${slope.toFixed(1)} times as their velocities say`;
      return { ...{ subject, score, since, text }, isSure: true };
    },
  },
  joint_offset: {
    about: "joints",
    words: "a joint's zero has moved",
    hint: "calibrate the joint: its position jumped without motion",
    find: ofJoint((moment, { name, j, reference }) => {
      const steps = movedOver(moment, j, 4);
      if (steps.length === 0) return undefined;
      const [first, ...after] = steps.map(({ by, told }) => by - told);
      const least = Math.max(0.12, 2 * slip(reference)) + 1.5 * steps[0]!.allowed;
      // A position that is noisy jumps again.
      const most = Math.min(0.5 * Math.abs(first!), uncertainty(moment.reference, name));
      const isOver = after.every((value, k) => Math.abs(value) < most + steps[k + 1]!.allowed);
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

/** Index of the first value that is large beside the others. */
function beginOf(values: readonly number[]): number {
  const most = Math.max(...values.map(Math.abs));
  return values.findIndex((value) => Math.abs(value) > 0.3 * most);
}

const squares = (steps: readonly Moved[], of: "by" | "told"): number => sumOf(steps.map((step) => step[of] ** 2));

/** How many times as its velocity says a joint moves, by least squares. */
const slopeOf = (steps: readonly Moved[]): number =>
  sumOf(steps.map((step) => step.by * step.told)) / Math.max(1e-12, squares(steps, "told"));

/** True where such a multiple explains most of what the positions are off the velocities. */
function isMultiple(steps: readonly Moved[]): boolean {
  const slope = slopeOf(steps);
  const rest = sumOf(steps.map(({ by, told }) => (by - slope * told) ** 2));
  return rest <= 0.4 * sumOf(steps.map(({ by, told }) => (by - told) ** 2));
}

/** True where a joint's velocity is the same over the last ticks. */
function isStill(moment: Moment, j: number): boolean {
  const now = velocity(moment, j, 0);
  for (let k = 1; k < STUCK_TICKS; k++) if (velocity(moment, j, k) !== now) return false;
  return true;
}
