import type { Sensed } from "../simulated.js";
import type { FaultPlace, FaultRow } from "./fault.js";

type Numbers = Float64Array;
type Change = (position: Numbers, velocity: Numbers) => void;

/** A fault of the joint states: what the driver publishes, and what the policy gets of it. */
const ofJoints = (
  text: string,
  begin: (place: FaultPlace) => Change,
  more: Pick<FaultRow, "amount" | "isOfJoint"> = {},
): FaultRow => ({
  of: "joints",
  text,
  ...more,
  begin: (place) => {
    const change = begin(place);
    return (sensed) => ({ sensed: changed(sensed, change) });
  },
});

function changed(sensed: Sensed, change: Change): Sensed {
  const [position, velocity] = [sensed.position.slice(), sensed.velocity.slice()];
  change(position, velocity);
  const { joint_position, joint_velocity, ...others } = sensed.values;
  const values = {
    ...others,
    ...(joint_position && { joint_position: position.slice() }),
    ...(joint_velocity && { joint_velocity: velocity.slice() }),
  };
  return { ...sensed, values, position, velocity };
}

/** The values of the tick before the fault, or those of its first tick. */
const held = (before: Numbers | undefined) => {
  let kept = before?.slice();
  return (now: Numbers) => {
    kept ??= now.slice();
    return kept;
  };
};

const radians = (value: number, high = 10) => ({ unit: "rad", default: value, range: [0.001, high] }) as const;

/** Faults of the joint states. */
export const JOINT_FAULTS = {
  joint_stuck: ofJoints(
    "a joint's position stays as it was",
    ({ joint, past }) => {
      const kept = held(past.at(-1)?.position);
      return (position) => {
        position[joint] = kept(position)[joint]!;
      };
    },
    { isOfJoint: true },
  ),
  joint_noisy: ofJoints(
    "a joint's position is noisy",
    ({ joint, amount, random }) =>
      (position) => {
        position[joint]! += amount * random.normal();
      },
    { isOfJoint: true, amount: radians(0.1) },
  ),
  joints_swapped: ofJoints(
    "a joint and the next one are named wrongly",
    ({ joint }) =>
      (...both) => {
        for (const values of both) {
          const other = (joint + 1) % values.length;
          [values[joint], values[other]] = [values[other]!, values[joint]!];
        }
      },
    { isOfJoint: true },
  ),
  joints_in_degrees: ofJoints("joint positions and velocities are in degrees", () => (...both) => {
    for (const values of both) values.set(values.map((value) => (180 / Math.PI) * value));
  }),
  joint_out_of_range: ofJoints(
    "a joint's position is a turn off",
    ({ joint, amount }) =>
      (position) => {
        position[joint]! += amount;
      },
    { isOfJoint: true, amount: radians(2 * Math.PI, 100) },
  ),
  joint_offset: ofJoints(
    "a joint's zero has moved",
    ({ joint, amount, random }) => {
      const by = random.uniform() < 0.5 ? amount : -amount;
      return (position) => {
        position[joint]! += by;
      };
    },
    { isOfJoint: true, amount: radians(0.4) },
  ),
  velocity_stuck: ofJoints("the joint velocities stay as they were", ({ past }) => {
    const kept = held(past.at(-1)?.velocity);
    return (_, velocity) => velocity.set(kept(velocity));
  }),
  velocity_inconsistent: ofJoints(
    "the joint velocities are a multiple of the real ones",
    ({ amount }) =>
      (_, velocity) =>
        velocity.set(velocity.map((value) => amount * value)),
    { amount: { unit: "times as fast", default: -1, range: [-100, 100] } },
  ),
} as const satisfies Readonly<Record<string, FaultRow>>;
